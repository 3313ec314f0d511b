import type { RecordedEvent, StoredEvent } from './event';

/** What must be true of the stream before an append: a revision, or none = the stream must not exist, or exists = it must. */
export type ExpectedRevision = number | 'none' | 'exists';

/** The stream is not where the caller thought. Only this append failed, none of its neighbours. */
export class WrongRevisionError extends Error {
  override readonly name = 'WrongRevisionError';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    /** The stream's last revision as far as the store said; undefined when it does not exist or the store did not say. Never retry from it: re-read. */
    readonly actual?: number,
  ) {
    super(`stream ${stream}: expected revision ${expected}`);
  }
}

/** The store did not say whether the append happened. Append again with the same ids. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError';
}

export interface AppendResult {
  /** Revision of the last event of this append. */
  revision: number;
  /** Position of the last event of this append. */
  position: number;
}

export interface ReadAllFilter {
  /** Stream categories, i.e. the part of the stream name before its first dash. Absent = all. */
  categories?: string[];
  /** Stored names, e.g. `BookingConfirmed.v1`. Absent = all. */
  types?: string[];
}

export interface Page {
  events: RecordedEvent[];
  /**
   * Where to go on from: everything up to here was looked at, whether it matched the filter or not. Equals the position asked after
   * when there is nothing new.
   */
  position: number;
  /** Nothing committed lay beyond `position` when the page was read. */
  atEnd: boolean;
}

export interface Subscription {
  /** Stops delivery; resolves when the last handler has returned. */
  stop(): Promise<void>;
}

/** Position before the first event: positions begin at 1, so that reading after 0 misses nothing. */
export const START = 0;
export const APPEND_EVENTS_MAX = 500;
export const READ_ALL_MAX = 5_000;

/**
 * The log. Three adapters (memory, PostgreSQL, EventStoreDB), one contract suite (`libs/testing`, eventStoreContract).
 * Stream names are `<category>-<id>`; the category has no dash.
 */
export abstract class EventStore {
  /**
   * Appends all of `events` or none, durable when the promise resolves. Repeating with the same event ids and the same expectation
   * answers as the first time and stores nothing. `events`: 1 to 500.
   * @throws {WrongRevisionError} the stream is elsewhere
   * @throws {UnknownOutcomeError} after the adapter's own retries with the same ids
   */
  abstract append(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<AppendResult>;

  /** @returns events in revision order (backwards: last first); empty when the stream does not exist. */
  abstract readStream(stream: string, options?: { fromRevision?: number; max?: number; backwards?: boolean }): Promise<RecordedEvent[]>;

  /** Several short streams in one go (at most 2 000). @returns one entry per name that exists, in revision order. */
  abstract readStreams(streams: string[]): Promise<Map<string, RecordedEvent[]>>;

  /** Events with position > `after`, in position order, never an uncommitted one, never skipping one. `max`: 1 to 5 000 events looked at or returned. */
  abstract readAll(after: number, options: { max: number; filter?: ReadAllFilter }): Promise<Page>;

  /** The position of the last committed event, START when the store is empty. */
  abstract head(): Promise<number>;

  /**
   * Delivers every event after `after` in order, one batch at a time: catches up, then follows live; reconnects by itself from the last
   * batch whose handler returned. A handler that throws gets the same batch again (after a pause).
   */
  abstract subscribe(after: number, options: { filter?: ReadAllFilter; batchMax?: number }, handle: (events: RecordedEvent[]) => Promise<void>): Subscription;

  /** Frees connections. Appends in flight finish first. */
  abstract close(): Promise<void>;
}

/** `slot-…` → `slot`. Cut at the first dash, as EventStoreDB does. */
export const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));
