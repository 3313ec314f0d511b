import { LocalWake, type Wake } from '@talon/kernel';
import { type EventText, checkAppend } from './append-check';
import { catchUp } from './catch-up';
import type { EventMetadata, RecordedEvent, StoredEvent } from './event';
import {
  type AppendResult,
  EventStore,
  type ExpectedRevision,
  type Page,
  READ_ALL_MAX,
  type ReadAllFilter,
  START,
  type Subscription,
  WrongRevisionError,
  categoryOf,
} from './event-store';

interface Row extends EventText {
  id: string;
  type: string;
  stream: string;
  revision: number;
  position: number;
}

/** The log in one process's memory, for specs and simulation. Keeps JSON text, as the real stores do, so that what it gives back is a copy. */
export class InMemoryEventStore extends EventStore {
  private readonly rows: Row[] = [];
  private readonly streams = new Map<string, Row[]>();
  private readonly subscriptions = new Set<Subscription>();
  private readonly wake: Wake;

  constructor(options: { wake?: Wake } = {}) {
    super();
    this.wake = options.wake ?? new LocalWake();
  }

  override async append(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<AppendResult> {
    const texts = checkAppend(stream, expected, events);
    const existing = this.streams.get(stream) ?? [];
    const tip = existing.length - 1;
    const fits = expected === 'exists' ? tip >= 0 : tip === (expected === 'none' ? -1 : expected);
    const repeated = repeatOf(existing, expected, events);
    if (repeated) return repeated;
    if (!fits) throw new WrongRevisionError(stream, expected, tip < 0 ? undefined : tip);
    events.forEach(({ id, type }, index) => {
      const row = { id, type, stream, revision: tip + 1 + index, position: this.rows.length + 1, ...texts[index]! };
      existing.push(row);
      this.rows.push(row);
    });
    this.streams.set(stream, existing);
    this.wake.signal();
    return { revision: existing.length - 1, position: this.rows.length };
  }

  override async readStream(stream: string, options: { fromRevision?: number; max?: number; backwards?: boolean } = {}): Promise<RecordedEvent[]> {
    const { fromRevision, max = Infinity, backwards = false } = options;
    const rows = this.streams.get(stream) ?? [];
    const picked = backwards ? rows.slice(0, (fromRevision ?? rows.length) + 1).reverse() : rows.slice(fromRevision ?? 0);
    return picked.slice(0, max).map(recorded);
  }

  override async readStreams(streams: string[]): Promise<Map<string, RecordedEvent[]>> {
    const found = streams.filter((stream) => this.streams.has(stream));
    return new Map(found.map((stream) => [stream, this.streams.get(stream)!.map(recorded)]));
  }

  override async readAll(after: number, { max, filter }: { max: number; filter?: ReadAllFilter }): Promise<Page> {
    const start = Math.max(after, START);
    const looked = this.rows.slice(start, start + Math.min(max, READ_ALL_MAX));
    const position = looked.at(-1)?.position ?? after;
    const events = looked.filter((row) => matches(row, filter)).map(recorded);
    return { events, position, atEnd: start + looked.length >= this.rows.length };
  }

  override async head(): Promise<number> {
    return this.rows.length;
  }

  override subscribe(
    after: number,
    options: { filter?: ReadAllFilter; batchMax?: number },
    handle: (events: RecordedEvent[]) => Promise<void>,
  ): Subscription {
    const subscription = catchUp(this, after, { ...options, wake: this.wake }, handle);
    this.subscriptions.add(subscription);
    return subscription;
  }

  override async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
  }
}

/** The answer the first time, when these very events are already where this expectation would have put them. */
function repeatOf(existing: Row[], expected: ExpectedRevision, events: StoredEvent[]): AppendResult | undefined {
  const first = expected === 'exists' ? existing.findIndex((row) => row.id === events[0]!.id) : expected === 'none' ? 0 : expected + 1;
  if (first < 0 || !events.every((event, index) => existing[first + index]?.id === event.id)) return undefined;
  const last = existing[first + events.length - 1]!;
  return { revision: last.revision, position: last.position };
}

const matches = (row: Row, filter: ReadAllFilter | undefined): boolean =>
  (!filter?.categories || filter.categories.includes(categoryOf(row.stream))) && (!filter?.types || filter.types.includes(row.type));

const recorded = ({ id, type, stream, revision, position, data, metadata }: Row): RecordedEvent => ({
  id,
  type,
  data: JSON.parse(data) as object,
  metadata: JSON.parse(metadata) as EventMetadata,
  stream,
  revision,
  position,
});
