import type { Decider } from '@talon/event-sourcing';
import { inventoryError } from './errors';
import type { SlotEvent } from './events';

/** One place, as its stream says. */
export type Slot =
  /** `expired`: the booking whose hold ran out last, so that its late confirmation learns why. */
  | { status: 'free'; expired?: string }
  | { status: 'held'; bookingId: string; hospitalId: string; startsAt: string; endsAt: string; holdUntil: string }
  | { status: 'reserved'; bookingId: string; hospitalId: string; startsAt: string; endsAt: string }
  | { status: 'withdrawn' };

type Of = { sessionId: string; slot: number };
export type SlotCommand =
  | { type: 'ConfirmHold'; data: Of & { bookingId: string; now: string } }
  | { type: 'ReleaseSlot'; data: Of & { bookingId: string } }
  | { type: 'ExpireHold'; data: Of & { bookingId: string; now: string } };

/**
 * What may happen to a slot that somebody has. Taking one is not decided here: the fast copy hands it out together with its revision, and
 * the store accepts one event at that revision.
 */
export const slotDecider: Decider<Slot, SlotCommand, SlotEvent> = {
  initialState: { status: 'free' },
  decide(command, slot) {
    switch (command.type) {
      case 'ConfirmHold':
        return confirm(command.data, slot);
      case 'ReleaseSlot': {
        const { sessionId, slot: number, bookingId } = command.data;
        if (!isTaken(slot) || slot.bookingId !== bookingId) return [];
        return [{ type: 'SlotReleased', data: { sessionId, hospitalId: slot.hospitalId, slot: number, bookingId } }];
      }
      case 'ExpireHold': {
        const { sessionId, slot: number, bookingId, now } = command.data;
        if (slot.status !== 'held' || slot.bookingId !== bookingId || now < slot.holdUntil) return [];
        return [{ type: 'HoldExpired', data: { sessionId, hospitalId: slot.hospitalId, slot: number, bookingId, holdUntil: slot.holdUntil } }];
      }
    }
  },
  evolve(slot, { type, data }) {
    switch (type) {
      case 'SlotHeld': {
        const { bookingId, hospitalId, startsAt, endsAt, holdUntil } = data;
        return { status: 'held', bookingId, hospitalId, startsAt, endsAt, holdUntil };
      }
      case 'SlotReserved': {
        const { bookingId, hospitalId, startsAt, endsAt } = data;
        return { status: 'reserved', bookingId, hospitalId, startsAt, endsAt };
      }
      case 'HoldConfirmed':
        return slot.status === 'held' ? { status: 'reserved', ...visit(slot) } : slot;
      case 'SlotReleased':
        return { status: 'free' };
      case 'HoldExpired':
        return { status: 'free', expired: data.bookingId };
      case 'SlotWithdrawn':
        return { status: 'withdrawn' };
    }
  },
};

type TakenSlot = Extract<Slot, { status: 'held' | 'reserved' }>;
export const isTaken = (slot: Slot): slot is TakenSlot => slot.status === 'held' || slot.status === 'reserved';
const visit = ({ bookingId, hospitalId, startsAt, endsAt }: TakenSlot) => ({ bookingId, hospitalId, startsAt, endsAt });

/** A hold can be confirmed before its end, not at it; whether an event already says so does not matter. */
function confirm(data: Of & { bookingId: string; now: string }, slot: Slot): SlotEvent[] {
  const { sessionId, slot: number, bookingId, now } = data;
  if (slot.status === 'free' && slot.expired === bookingId) throw inventoryError('hold-expired', `The hold of booking ${bookingId} is over`);
  if (!isTaken(slot) || slot.bookingId !== bookingId) {
    throw inventoryError('hold-unknown', `Booking ${bookingId} does not have slot ${number} of session ${sessionId}`);
  }
  if (slot.status === 'reserved') return [];
  if (now >= slot.holdUntil) throw inventoryError('hold-expired', `The hold of booking ${bookingId} ended at ${slot.holdUntil}`);
  return [{ type: 'HoldConfirmed', data: { sessionId, hospitalId: slot.hospitalId, slot: number, bookingId } }];
}
