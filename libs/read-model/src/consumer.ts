import type { ReadAllFilter, RecordedEvent } from '@talon/event-sourcing';
import type { EntityManager } from 'typeorm';

/** Rows that follow the log. Rows and cursor are saved in one transaction, so every event counts exactly once. */
export interface Projection {
  /** Permanent: the cursor is kept under it. `<service>-<what>`, e.g. `booking-list`. */
  name: string;
  filter: ReadAllFilter;
  /** `schema.table` of everything `apply` writes; emptied and compared by a rebuild. */
  tables: string[];
  /**
   * Applies one batch in order, in the given transaction only. Must depend on nothing but the events and the tables (no clock, no calls), so
   * that a rebuild gives the same rows. A throw rolls everything back and the same batch comes again after a pause.
   */
  apply(events: RecordedEvent[], tx: EntityManager): Promise<void>;
}

/** An effect outside PostgreSQL. At least once, in order: make it idempotent (command id = id of the causing event). */
export interface Reaction {
  /** Permanent: the cursor is kept under it. */
  name: string;
  filter: ReadAllFilter;
  /** The cursor is saved after this resolves; a throw brings the same batch again after a pause. */
  handle(events: RecordedEvent[]): Promise<void>;
  /**
   * Called before every batch and by `Feeds.attend`, while no other process works on this feed: time to look after what the effect is kept in.
   * @returns a note to keep with the cursor; undefined leaves it as it is
   */
  before?(cursor: { position: number; note?: string }): Promise<string | undefined>;
}

export interface FeedLag {
  name: string;
  /** The position it has handled; START when it never ran. */
  position: number;
  /** Positions between it and the end of the store; about the number of events still to look at. */
  behind: number;
  /** Why the last batch failed; absent while all is well. Known to the process that holds the feed. */
  error?: string;
}

export interface Rebuilt {
  name: string;
  /** Events applied. */
  events: number;
  /** Rows afterwards, over all tables. */
  rows: number;
  /** Rows that only the live or only the rebuilt tables had (a changed row counts twice). 0 = the read model was right. */
  differences: number;
  seconds: number;
}
