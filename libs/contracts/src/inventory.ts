import type { EventMetadata } from '@talon/event-sourcing';

export type SlotState = 'free' | 'held' | 'reserved' | 'withdrawn' | 'past';

export interface ReserveSlot {
  sessionId: string;
  /** A certain slot; absent: the first free one. */
  slot?: number;
  bookingId: string;
  /** Present: a hold that ends then unless confirmed (`SlotHeld`). Absent: reserved outright (`SlotReserved`). ISO-8601 UTC. */
  holdUntil?: string;
  /** Unique per attempt; repeats of the same attempt (unknown outcome) must carry the same one. */
  attemptId: string;
  metadata: EventMetadata;
}

export interface SlotTaken {
  slot: number;
  startsAt: string;
  endsAt: string;
}

export interface InventoryCalls {
  /**
   * Takes one slot for a booking; durable when it answers.
   * Refusals in order: inventory/session-unknown, suspended, not-open, session-over, slot-unknown, slot-taken (a certain slot was asked), sold-out.
   */
  'inventory.reserve': { request: ReserveSlot; reply: SlotTaken };
  /** Gives the slot back if `bookingId` has it; otherwise nothing happens. Durable when it answers. */
  'inventory.release': { request: { sessionId: string; slot: number; bookingId: string; commandId: string; metadata: EventMetadata }; reply: { released: boolean } };
  /** Turns the booking's hold into a reservation. Refusals: inventory/hold-expired, hold-unknown. A repeat is fine. */
  'inventory.confirm': { request: { sessionId: string; slot: number; bookingId: string; commandId: string; metadata: EventMetadata }; reply: SlotTaken };
  /** Free and taken slots per session, for lists; at most a second old. Unknown sessions are left out. At most 500 ids. */
  'inventory.counts': { request: { sessionIds: string[] }; reply: Record<string, { free: number; taken: number }> };
  /** State of every slot of one session, from the fast copy; numbers in order. */
  'inventory.slots': { request: { sessionId: string }; reply: { number: number; state: SlotState }[] };
  /** Takes free slots out of sale for good. `taken` could not be withdrawn because somebody has them. */
  'inventory.withdraw': { request: { sessionId: string; numbers: number[]; commandId: string; metadata: EventMetadata }; reply: { withdrawn: number[]; taken: number[] } };
  /** The session's supply or status changed in the log: bring the fast copy up to it before answering. */
  'inventory.sync': { request: { sessionId: string }; reply: Record<string, never> };
}
