import { type Event, eventCodec } from '@talon/event-sourcing';

/** Which place of which session. Every slot has a stream of its own, `slot-<sessionId>_<slot>`. */
interface Place {
  sessionId: string;
  hospitalId: string;
  slot: number;
}

interface Taken extends Place {
  bookingId: string;
  /** Of the slot, ISO-8601 UTC. */
  startsAt: string;
  endsAt: string;
  /** Position of the log at which the fast copy that handed the slot out was loaded. */
  epoch: number;
}

/** Kept for a booking until `holdUntil`, unless confirmed. */
export type SlotHeld = Event<'SlotHeld', Taken & { holdUntil: string }>;
/** Given to a booking outright: nothing to pay, so no end. */
export type SlotReserved = Event<'SlotReserved', Taken>;
/** The hold became a reservation. */
export type HoldConfirmed = Event<'HoldConfirmed', Place & { bookingId: string }>;
/** Given back on purpose. */
export type SlotReleased = Event<'SlotReleased', Place & { bookingId: string }>;
/** The hold ran out. */
export type HoldExpired = Event<'HoldExpired', Place & { bookingId: string; holdUntil: string }>;
/** Out of sale for good. */
export type SlotWithdrawn = Event<'SlotWithdrawn', Place & { epoch: number }>;

export type SlotEvent = SlotHeld | SlotReserved | HoldConfirmed | SlotReleased | HoldExpired | SlotWithdrawn;

export const slotCodec = eventCodec<SlotEvent>({
  SlotHeld: 1,
  SlotReserved: 1,
  HoldConfirmed: 1,
  SlotReleased: 1,
  HoldExpired: 1,
  SlotWithdrawn: 1,
});

export const SLOT_CATEGORY = 'slot';
/** Id of a slot's stream, without the category. */
export const slotId = (sessionId: string, slot: number): string => `${sessionId}_${slot}`;
export const slotStream = (sessionId: string, slot: number): string => `${SLOT_CATEGORY}-${sessionId}_${slot}`;
