import { BACKWARDS, END, FORWARDS, START as CLIENT_START } from '@eventstore/db-client';
import {
  type AppendResult,
  EventStore,
  type ExpectedRevision,
  type Page,
  READ_ALL_MAX,
  type ReadAllFilter,
  type RecordedEvent,
  START,
  type StoredEvent,
  type Subscription,
  catchUp,
  checkAppend,
  isStreamName,
} from '@talon/event-sourcing';
import { type Wake, commonError } from '@talon/kernel';
import { AppendQueue } from './append-queue';
import { LiveWake } from './live-wake';
import { Reader } from './reader';
import { isOurs, matches, positionOf, recorded } from './records';
import { SharedClient } from './shared-client';

/** Streams one `readStreams` may ask for. */
export const READ_STREAMS_MAX = 2_000;
/** Of those, so many are read at the same time. */
const READ_PARALLEL_MAX = 32;
/** Events read beyond a page, to tell whether it is the last one; some of them are the server's own. At least 2. */
const LOOK_AHEAD = 10;
/** Events looked at once when searching the last one that is ours. */
const HEAD_LOOK_MAX = 100;

export interface EventStoreDbOptions {
  /** Signalled after every append of this process, and what shortens the wait of its subscriptions, beside a live subscription of their own. */
  wake?: Wake;
  /** How long an append may stay without an answer before it is repeated, milliseconds, default 5 000. */
  appendDeadlineMs?: number;
  /** Told about failed reads and handlers of subscriptions; they go on by themselves. */
  onError?: (error: unknown) => void;
}

/**
 * The log in EventStoreDB. Positions are commit positions. Stream metadata, projections, statistics and anything else the server or others
 * write is passed over.
 */
export class EventStoreDbEventStore extends EventStore {
  private readonly appends: AppendQueue;
  private readonly reader: Reader;
  private readonly live: LiveWake;
  private readonly subscriptions = new Set<Subscription>();
  private readonly unlink: (() => void) | undefined;
  private closed = false;

  private constructor(
    private readonly shared: SharedClient,
    private readonly options: EventStoreDbOptions,
  ) {
    super();
    this.appends = new AppendQueue(shared, options.appendDeadlineMs);
    this.reader = new Reader(shared);
    this.live = new LiveWake(shared);
    // Subscriptions listen to `live` alone; a wake from outside is passed on to it.
    this.unlink = options.wake?.onSignal(() => this.live.signal());
  }

  /**
   * @param url `esdb://host:2113?tls=false`, or `esdb+discover://…` for a cluster
   * @throws when the server cannot be reached, or this process uses another one already
   */
  static async connect(url: string, options: EventStoreDbOptions = {}): Promise<EventStoreDbEventStore> {
    const store = new EventStoreDbEventStore(SharedClient.use(url), options);
    try {
      await store.head();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  override async append(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<AppendResult> {
    if (this.closed) throw commonError('unavailable', 'the event store is closed');
    checkAppend(stream, expected, events);
    if (stream.startsWith('$')) throw commonError('invalid-input', `stream ${stream} belongs to the event store itself`);
    const { nextExpectedRevision, position } = await this.appends.append(stream, expected, events);
    const revision = Number(nextExpectedRevision);
    (this.options.wake ?? this.live).signal();
    // A server may answer a repeat without saying where the events are.
    return { revision, position: position ? positionOf(position, stream) : await this.positionAt(stream, revision) };
  }

  override async readStream(stream: string, options: { fromRevision?: number; max?: number; backwards?: boolean } = {}): Promise<RecordedEvent[]> {
    if (!isStreamName(stream)) return [];
    const { fromRevision, max, backwards = false } = options;
    const from = fromRevision === undefined ? (backwards ? END : CLIENT_START) : BigInt(fromRevision);
    const records = await this.reader.collect((client) =>
      client.readStream(stream, { direction: backwards ? BACKWARDS : FORWARDS, fromRevision: from, ...(max !== undefined && { maxCount: max }) }),
    );
    return records.map(recorded);
  }

  override async readStreams(streams: string[]): Promise<Map<string, RecordedEvent[]>> {
    if (streams.length > READ_STREAMS_MAX) throw commonError('invalid-input', `at most ${READ_STREAMS_MAX} streams at once, not ${streams.length}`);
    const names = [...new Set(streams)];
    const found = new Map<string, RecordedEvent[]>();
    let next = 0;
    const lane = async () => {
      while (next < names.length) {
        const name = names[next++]!;
        const events = await this.readStream(name);
        if (events.length > 0) found.set(name, events);
      }
    };
    await Promise.all(Array.from({ length: Math.min(READ_PARALLEL_MAX, names.length) }, lane));
    return found;
  }

  override async readAll(after: number, { max, filter }: { max: number; filter?: ReadAllFilter }): Promise<Page> {
    const limit = Math.min(Math.max(max, 1), READ_ALL_MAX);
    // The server includes the position it starts from; it is left out below.
    const start = after > START ? { commit: BigInt(after), prepare: BigInt(after) } : CLIENT_START;
    const maxCount = limit + LOOK_AHEAD;
    const records = await this.reader.collect((client) => client.readAll({ direction: FORWARDS, fromPosition: start, maxCount }));
    const beyond = records.filter((record) => positionOf(record.position, record.streamId) > after);
    const end = endOfPage(beyond, limit);
    const looked = beyond.slice(0, end);
    const ours = looked.filter(isOurs).map(recorded);
    const atEnd = records.length < maxCount && !beyond.slice(end).some(isOurs);
    // At the end a page stays at the last event of ours: what the server writes for itself is no news.
    const last = atEnd ? ours.at(-1) : looked.at(-1);
    const position = last === undefined ? after : typeof last.position === 'number' ? last.position : positionOf(last.position, 'the page');
    return { events: ours.filter((event) => matches(event, filter)), position, atEnd };
  }

  override async head(): Promise<number> {
    let from: typeof END | { commit: bigint; prepare: bigint } = END;
    for (;;) {
      const fromPosition: typeof from = from;
      const records = await this.reader.collect((client) => client.readAll({ direction: BACKWARDS, fromPosition, maxCount: HEAD_LOOK_MAX }));
      const last = records.find(isOurs);
      if (last) return positionOf(last.position, last.streamId);
      const oldest = records.at(-1)?.position;
      if (records.length < HEAD_LOOK_MAX || !oldest) return START;
      from = oldest;
    }
  }

  override subscribe(after: number, options: { filter?: ReadAllFilter; batchMax?: number }, handle: (events: RecordedEvent[]) => Promise<void>): Subscription {
    this.live.start();
    const subscription = catchUp(this, after, { ...options, wake: this.live, onError: this.options.onError }, handle);
    this.subscriptions.add(subscription);
    return {
      stop: async () => {
        this.subscriptions.delete(subscription);
        await subscription.stop();
      },
    };
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.unlink?.();
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
    await this.appends.drain();
    await this.live.stop();
    await this.shared.release();
  }

  private async positionAt(stream: string, revision: number): Promise<number> {
    const [event] = await this.readStream(stream, { fromRevision: revision, max: 1 });
    if (!event) throw new Error(`EventStoreDB acknowledged revision ${revision} of ${stream}, which cannot be read`);
    return event.position;
  }
}

/** How many records make a page with at most `limit` events of ours. */
function endOfPage(records: Parameters<typeof isOurs>[0][], limit: number): number {
  let ours = 0;
  const after = records.findIndex((record) => isOurs(record) && ++ours > limit);
  return after < 0 ? records.length : after;
}
