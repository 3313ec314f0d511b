import { type EventStore, type Page, type ReadAllFilter, type RecordedEvent, categoryOf } from '@talon/event-sourcing';

const RECENT_EVENTS_MAX = 8_000;
/** Events per read from the store. */
const READ_MAX = 2_000;

/**
 * The end of the log in memory, read once for all feeds of the process: those that keep up never ask the store themselves.
 * Covers every position in (from, to]; whoever is behind `from` reads from the store.
 */
export class RecentLog {
  private events: RecordedEvent[] = [];
  private from = Number.MAX_SAFE_INTEGER;
  private to = Number.MAX_SAFE_INTEGER;
  private refreshing: Promise<void> | undefined;

  constructor(private readonly store: EventStore) {}

  /** Everything up to here is in memory or was forgotten; undefined before the first refresh. */
  get end(): number | undefined {
    return this.to === Number.MAX_SAFE_INTEGER ? undefined : this.to;
  }

  /** Takes in what is new in the store, at most one page. Calls at the same time share one read. */
  refresh(): Promise<void> {
    this.refreshing ??= this.readOn().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async readOn() {
    if (this.end === undefined) {
      this.from = this.to = await this.store.head();
      return;
    }
    const page = await this.store.readAll(this.to, { max: READ_MAX });
    for (const event of page.events) this.events.push(event);
    this.to = page.position;
    if (this.events.length > RECENT_EVENTS_MAX) {
      const dropped = this.events.splice(0, this.events.length - RECENT_EVENTS_MAX / 2);
      this.from = dropped.at(-1)?.position ?? this.from;
    }
  }

  /** @returns up to where no event concerns this filter; undefined when there is one, or when memory does not reach back so far */
  nothingUpTo(after: number, filter: ReadAllFilter): number | undefined {
    if (this.end === undefined || after < this.from) return undefined;
    for (let index = firstAfter(this.events, after); index < this.events.length; index++) {
      const event = this.events[index];
      if (event && matches(event, filter)) return undefined;
    }
    return this.to;
  }

  /** As `EventStore.readAll`; answered from memory where possible. `atEnd` then means the end of what is in memory. */
  async read(after: number, max: number, filter: ReadAllFilter): Promise<Page> {
    if (this.end === undefined || after < this.from) return this.store.readAll(after, { max, filter });
    const events: RecordedEvent[] = [];
    for (let index = firstAfter(this.events, after); index < this.events.length; index++) {
      const event = this.events[index];
      if (!event || !matches(event, filter)) continue;
      events.push(event);
      if (events.length === max) return { events, position: event.position, atEnd: false };
    }
    return { events, position: Math.max(after, this.to), atEnd: true };
  }
}

function firstAfter(events: readonly RecordedEvent[], position: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.position ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a filter lets an event through, as the stores do it. */
export function matches(event: RecordedEvent, { categories, types }: ReadAllFilter): boolean {
  return (!types || types.includes(event.type)) && (!categories || categories.includes(categoryOf(event.stream)));
}
