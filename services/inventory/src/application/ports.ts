import type { SessionSupply } from '@talon/contracts';
import type { Ask, CopySupply, SessionCopy, Settlement } from '../domain/session-copy';
import type { SaleRefusal } from '../domain/errors';

/** What the fast copy answers to one request for a slot. */
export type Handed =
  | { tag: 'taken'; slot: number; revision: number; startsAtMs: number; endsAtMs: number; epoch: number; hospitalId: string }
  | { tag: 'refused'; reason: SaleRefusal; opensAtMs?: number; withdrawn?: boolean }
  | { tag: 'not-loaded' };

/** The fast copy. Adapter: adapters/redis/redis-slot-store.ts. It may forget everything at any time. */
export abstract class SlotStore {
  /**
   * Picks a slot and keeps it from others until it is settled. Not idempotent. Requests of one tick for one session travel together.
   * @param sale false: withdraw; neither the session's state nor the clock matters
   * @throws {DomainError} `talon/unavailable`; whether the slot was taken is then unknown and found out after TAKE_LEASE_MS
   */
  abstract take(sessionId: string, ask: Ask, sale: boolean): Promise<Handed>;
  /** Puts a session in, unless it is there already (`present`) or a newer supply was announced meanwhile (`outdated`). */
  abstract load(copy: SessionCopy): Promise<'loaded' | 'present' | 'outdated'>;
  /** Tells what the log says of a slot, soon, without an answer. May be lost: pending marks and the feed of freed slots make up for it. */
  abstract settle(sessionId: string, settlement: Settlement): void;
  /** The same for a slot that was just taken as recorded: nobody waits for it, so it may take a while longer. */
  abstract settleTaken(sessionId: string, settlement: Settlement): void;
  /** The same, done when it resolves; false when the session is not loaded. Repeats and late news change nothing. */
  abstract settleAll(sessionId: string, settlements: Settlement[]): Promise<boolean>;
  /** Brings status and supply up to a newer revision of the session; `noted` when it is not loaded. */
  abstract sync(supply: CopySupply): Promise<'synced' | 'older' | 'noted'>;
  /** null: not loaded. */
  abstract read(sessionId: string): Promise<SessionCopy | null>;
  /** Told about slots of takes whose outcome nobody reported in time; may be told of one several times. */
  abstract onSuspects(listener: (sessionId: string, slots: number[]) => void): void;
}

/** What inventory needs from schedule. Adapter: adapters/schedule/schedule.client.ts. */
export abstract class SupplySource {
  /** Strongly consistent; null: no such session. @throws {DomainError} `talon/unavailable` */
  abstract supply(sessionId: string): Promise<SessionSupply | null>;
}

export interface Claim {
  bookingId: string;
  sessionId: string;
  slot: number;
}

/** What inventory needs from booking. Adapter: adapters/booking/booking.client.ts. */
export abstract class BookingClaims {
  /**
   * Which of these slots does no live booking own? Bookings that do not exist are fenced first, so the answer stays true.
   * @param claims at most 500
   */
  abstract orphans(claims: Claim[]): Promise<Claim[]>;
}

export interface DueHold extends Claim {
  holdUntil: string;
}

/** Holds that are open, as the projection knows them. Adapter: adapters/read-models/hold.query.ts. */
export abstract class OpenHolds {
  /** Holds that end at or before `now`, earliest first. */
  abstract due(now: string, max: number): Promise<DueHold[]>;
}

/** Where the search for orphans has come to. Adapter: adapters/read-models/sweep-cursor.ts. */
export abstract class SweepCursor {
  /**
   * Runs `step` with the saved position and saves what it returns. One process at a time: resolves at once, without running `step`, when
   * another one is at it.
   */
  abstract advance(step: (position: number) => Promise<number>): Promise<void>;
}
