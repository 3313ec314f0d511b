import { deriveId } from '@talon/kernel';
import type { Claim } from './claims';
import { type Booking, isActive, owns, wasMade } from './decider';
import type { BookingEvent } from './events';

/** What follows from a booking's event elsewhere. Repeats carry the same `commandId`. */
export type ProcessCommand =
  | { type: 'ReleaseSlot'; bookingId: string; sessionId: string; slot: number; commandId: string }
  | { type: 'DropClaim'; patientId: string; claim: Claim };

export const releaseCommandId = (eventId: string): string => deriveId(eventId, 'release');

/** A booking's event with its id. */
export interface Happened {
  id: string;
  event: BookingEvent;
}

/**
 * After the booking let go of a slot or a day: give both back. A slot that the booking has again by now stays with it.
 * @param now the booking as its stream says now, not as it was after `event`
 */
export function afterBookingEvent({ id, event }: Happened, now: Booking): ProcessCommand[] {
  const commandId = releaseCommandId(id);
  switch (event.type) {
    case 'BookingCancelled':
    case 'BookingExpired': {
      const { bookingId, patientId, sessionId, slot, date, dayMoves } = event.data;
      return [
        { type: 'ReleaseSlot', bookingId, sessionId, slot, commandId },
        { type: 'DropClaim', patientId, claim: { bookingId, date, dayMoves } },
      ];
    }
    case 'BookingRescheduled': {
      const { bookingId, patientId, from, to, dayMoves } = event.data;
      const commands: ProcessCommand[] = [];
      if (!owns(now, from.sessionId, from.slot)) {
        commands.push({ type: 'ReleaseSlot', bookingId, sessionId: from.sessionId, slot: from.slot, commandId });
      }
      if (from.date !== to.date) commands.push({ type: 'DropClaim', patientId, claim: { bookingId, date: from.date, dayMoves: dayMoves - 1 } });
      return commands;
    }
    default:
      return [];
  }
}

/**
 * Slots in that session which the booking left and may still have to give back. They must be given back before it takes a slot there
 * again: otherwise the late release of the old stay would take away the new one.
 */
export function releasesBeforeReturn(history: Happened[], now: Booking, sessionId: string): ProcessCommand[] {
  return history
    .filter(({ event }) => event.type === 'BookingRescheduled' && event.data.from.sessionId === sessionId)
    .flatMap((happened) => afterBookingEvent(happened, now))
    .filter((command) => command.type === 'ReleaseSlot');
}

/** How old a claim without a booking may become before it counts as left behind by a crash, milliseconds. */
export const CLAIM_LEASE_MS = 15_000;

export type ClaimVerdict =
  /** The claim counts. */
  | 'counts'
  /** The booking ended or left that day: the claim can go. */
  | 'stale'
  /** Whoever took it never finished: fence its booking, then the claim can go. */
  | 'left-behind';

/** Whether a claim that stands in somebody's way still means anything. */
export function judgeClaim(claim: Claim, ageMs: number, booking: Booking): ClaimVerdict {
  if (booking.status === 'none') return ageMs > CLAIM_LEASE_MS ? 'left-behind' : 'counts';
  if (!wasMade(booking) || !isActive(booking)) return 'stale';
  if (claim.dayMoves === booking.dayMoves) return claim.date === booking.place.date ? 'counts' : 'stale';
  if (claim.dayMoves < booking.dayMoves) return 'stale';
  return ageMs > CLAIM_LEASE_MS ? 'left-behind' : 'counts';
}
