import type { EventMetadata } from '@talon/event-sourcing';
import type { GuardianScope, ReserveSlot, SessionFacts, SlotTaken } from '@talon/contracts';
import type { Claim } from '../domain/claims';

/** What booking asks schedule. Adapter: adapters/schedule/schedule.client.ts. */
export abstract class SessionCatalog {
  /**
   * @returns null when there is no such session. Limits may be up to 2 s old, the rest never changes.
   * @throws {DomainError} `talon/unavailable`, may be retried
   */
  abstract session(sessionId: string): Promise<SessionFacts | null>;
}

/** What booking needs from inventory. Adapter: adapters/inventory/inventory.client.ts. */
export abstract class SlotInventory {
  /**
   * Takes one slot; durable when it answers. A repeat with the same `attemptId` gets the same slot.
   * @throws {DomainError} `inventory/…` refusals, nothing is taken; `talon/unavailable`, the outcome is unknown
   */
  abstract reserve(request: ReserveSlot): Promise<SlotTaken>;
  /**
   * Gives the slot back if the booking has it; otherwise nothing happens. Durable when it answers.
   * @throws {DomainError} `talon/unavailable`, may be repeated with the same `commandId`
   */
  abstract release(request: { sessionId: string; slot: number; bookingId: string; commandId: string; metadata: EventMetadata }): Promise<void>;
}

export type PatientStanding = 'active' | 'erased' | 'unknown';

/** What booking asks about people. Adapter: adapters/patient/patient.client.ts. */
export abstract class PatientDirectory {
  /** Whether somebody can be booked for. `active` may be up to 5 s old. @throws {DomainError} `talon/unavailable` */
  abstract standing(patientId: string): Promise<PatientStanding>;
  /** Whether the guardian may act for the patient now. @throws {DomainError} `talon/unavailable` */
  abstract mayAct(guardianId: string, patientId: string, scope: GuardianScope): Promise<boolean>;
}

/** A claim and when it was taken: real time, milliseconds since 1970; 0 when it was loaded from the bookings. */
export interface CountedClaim {
  claim: Claim;
  takenAtMs: number;
}

export type ClaimOutcome = { tag: 'claimed' } | { tag: 'exists'; takenAtMs: number } | { tag: 'limit'; counted: CountedClaim[] };

/** Who claims which day, counted where it is fast; loaded from the bookings when it is not known. Adapter: adapters/redis. */
export abstract class PatientClaims {
  /**
   * Takes the claim unless `limit` other claims of that patient and day exist.
   * `exists`: this very claim is there already. `limit`: the claims in the way; some may be stale.
   * @throws {DomainError} `talon/unavailable`, the outcome is unknown
   */
  abstract claim(patientId: string, claim: Claim, limit: number, nowMs: number): Promise<ClaimOutcome>;
  /** Whether the claim is (still) there. @throws {DomainError} `talon/unavailable` */
  abstract holds(patientId: string, claim: Claim): Promise<boolean>;
  /** Gives claims back; unknown ones are nothing. @throws {DomainError} `talon/unavailable` */
  abstract drop(patientId: string, claims: Claim[]): Promise<void>;
}

/** Bookings that count, from the log, for loading claims. Adapter: adapters/read-models. */
export abstract class ActiveBookings {
  /**
   * Every claim of live bookings of those shards from `fromDate` on, at least as new as the log was when this was called.
   * @param shards at most CLAIM_SHARDS
   * @returns `epoch`: the log position the answer covers
   * @throws {DomainError} `talon/unavailable` when the read model does not catch up in time
   */
  abstract claims(shards: number[], fromDate: string): Promise<{ epoch: number; claims: { patientId: string; claim: Claim }[] }>;
  /** Pending bookings whose hold ended at or before `now`, oldest first. May lag behind the log. */
  abstract pendingUntil(now: string, max: number): Promise<string[]>;
}

/** One line of a list of bookings. */
export interface BookingView {
  bookingId: string;
  status: 'pending' | 'confirmed' | 'cancelled' | 'expired';
  patientId: string;
  sessionId: string;
  hospitalId: string;
  slot: number;
  startsAt: string;
  endsAt: string;
  date: string;
  zone: string;
  price: { amountMinor: number; currency: string } | null;
  holdExpiresAt: string | null;
}

export interface BookingListFilter {
  patientId?: string;
  sessionId?: string;
  /** Only of these hospitals; absent: of all. */
  hospitalIds?: string[];
  /** Only what this portal booked. */
  portalId?: string;
  /** 1 to 500. */
  limit: number;
  /** Where the page before ended. */
  after?: string;
}

/** Lists of bookings, in order of the visit. Seconds behind at most. Adapter: adapters/read-models. */
export abstract class BookingLists {
  /** @throws {DomainError} `talon/invalid-input` naming `after` when it is not a cursor of this list */
  abstract page(filter: BookingListFilter): Promise<{ items: BookingView[]; next: string | null }>;
}
