import type { Decider } from '@talon/event-sourcing';
import type { Money } from '@talon/kernel';
import type { BookingCommand, CancelBooking, ExpireBooking, RecordBooking, RescheduleBooking } from './commands';
import { bookingError } from './errors';
import type { BookingCancelled, BookingEvent, Place } from './events';

/** A booking that was made, whatever became of it. */
export interface MadeBooking {
  status: 'pending' | 'confirmed' | 'cancelled' | 'expired';
  bookingId: string;
  patientId: string;
  portalId?: string;
  requestHash: string;
  place: Place;
  price: Money | null;
  holdExpiresAt?: string;
  /** How many times the booking changed its day: with the day it names the claim. */
  dayMoves: number;
  /** It was taken back before it was answered, because the daily limit turned out to be used up. */
  claimLost?: true;
}

export type Booking = { status: 'none' } | { status: 'abandoned' } | MadeBooking;

/** The platform's own reason for taking back a booking whose claim was lost before the answer. */
export const CLAIM_LOST = 'claim-lost';
export const CLAIMS_PROCESS = 'system:claims';

export const wasMade = (booking: Booking): booking is MadeBooking => booking.status !== 'none' && booking.status !== 'abandoned';
export const isActive = (booking: Booking): booking is MadeBooking & { status: 'pending' | 'confirmed' } =>
  booking.status === 'pending' || booking.status === 'confirmed';

/** Whether a live booking has that slot now. */
export const owns = (booking: Booking, sessionId: string, slot: number): boolean =>
  isActive(booking) && booking.place.sessionId === sessionId && booking.place.slot === slot;

const samePrice = (a: Money | null, b: Money | null) => a?.amountMinor === b?.amountMinor && a?.currency === b?.currency;

const endOf = ({ bookingId, patientId, place, dayMoves, portalId }: MadeBooking) => ({
  bookingId,
  patientId,
  sessionId: place.sessionId,
  hospitalId: place.hospitalId,
  slot: place.slot,
  date: place.date,
  dayMoves,
  ...(portalId === undefined ? {} : { portalId }),
});

function record({ data }: RecordBooking, booking: Booking): BookingEvent[] {
  if (booking.status === 'abandoned') throw bookingError('abandoned', `Booking ${data.bookingId} was given up before it was recorded`);
  if (wasMade(booking)) {
    if (booking.requestHash === data.requestHash) return [];
    throw bookingError('key-reused', 'This Idempotency-Key belongs to a request with another body');
  }
  const { place, price, holdExpiresAt, ...rest } = data;
  if (price === null || holdExpiresAt === undefined) return [{ type: 'BookingConfirmed', data: { ...rest, ...place } }];
  return [{ type: 'BookingRequested', data: { ...rest, ...place, price, holdExpiresAt } }];
}

function cancel({ data }: CancelBooking, booking: Booking): BookingEvent[] {
  if (!wasMade(booking)) throw bookingError('not-found', `Booking ${data.bookingId} does not exist`);
  if (booking.status === 'cancelled') return [];
  if (booking.status === 'expired') throw bookingError('ended', `Booking ${data.bookingId} has expired`);
  if (!data.force && data.now >= booking.place.changeableUntil) {
    throw bookingError('too-late', `Booking ${data.bookingId} could be cancelled until ${booking.place.changeableUntil}`);
  }
  return [{ type: 'BookingCancelled', data: { ...endOf(booking), reason: data.reason, by: data.by } }];
}

/** The guards of a change of slot that need no slot yet, in order; asked before one is taken and again when it is recorded. */
export function assertReschedulable(booking: Booking, data: { bookingId: string; price: Money | null; now: string }): asserts booking is MadeBooking {
  if (!wasMade(booking)) throw bookingError('not-found', `Booking ${data.bookingId} does not exist`);
  if (!isActive(booking)) throw bookingError('ended', `Booking ${data.bookingId} is ${booking.status}`);
  if (data.now >= booking.place.changeableUntil) {
    throw bookingError('too-late', `Booking ${data.bookingId} could be moved until ${booking.place.changeableUntil}`);
  }
  if (booking.holdExpiresAt !== undefined && data.now >= booking.holdExpiresAt) {
    throw bookingError('ended', `The hold of booking ${data.bookingId} ended at ${booking.holdExpiresAt}`);
  }
  if (!samePrice(booking.price, data.price)) throw bookingError('other-price', 'A booking moves only between slots of the same price');
}

function reschedule({ data }: RescheduleBooking, booking: Booking): BookingEvent[] {
  assertReschedulable(booking, data);
  const { bookingId, patientId, portalId, place: from } = booking;
  if (owns(booking, data.to.sessionId, data.to.slot)) return [];
  const dayMoves = booking.dayMoves + (from.date === data.to.date ? 0 : 1);
  const moved = { bookingId, patientId, ...(portalId === undefined ? {} : { portalId }), from, to: data.to, dayMoves, by: data.by };
  return [{ type: 'BookingRescheduled', data: moved }];
}

function expire({ data }: ExpireBooking, booking: Booking): BookingEvent[] {
  if (booking.status !== 'pending' || booking.holdExpiresAt === undefined || data.now < booking.holdExpiresAt) return [];
  return [{ type: 'BookingExpired', data: { ...endOf(booking), holdExpiresAt: booking.holdExpiresAt } }];
}

const isClaimLost = ({ data }: BookingCancelled) => data.reason === CLAIM_LOST && data.by === CLAIMS_PROCESS;

function made(event: Extract<BookingEvent, { type: 'BookingConfirmed' | 'BookingRequested' }>): MadeBooking {
  const { bookingId, patientId, portalId, requestHash, sessionId, hospitalId, slot, startsAt, endsAt, date, zone, changeableUntil } = event.data;
  const pending = event.type === 'BookingRequested';
  return {
    status: pending ? 'pending' : 'confirmed',
    bookingId,
    patientId,
    portalId,
    requestHash,
    place: { sessionId, hospitalId, slot, startsAt, endsAt, date, zone, changeableUntil },
    price: pending ? event.data.price : null,
    holdExpiresAt: pending ? event.data.holdExpiresAt : undefined,
    dayMoves: 0,
  };
}

export const bookingDecider: Decider<Booking, BookingCommand, BookingEvent> = {
  initialState: { status: 'none' },
  decide(command, booking) {
    switch (command.type) {
      case 'RecordBooking':
        return record(command, booking);
      case 'CancelBooking':
        return cancel(command, booking);
      case 'RescheduleBooking':
        return reschedule(command, booking);
      case 'ExpireBooking':
        return expire(command, booking);
      case 'AbandonBooking':
        if (booking.status === 'none') return [{ type: 'BookingAbandoned', data: { bookingId: command.data.bookingId } }];
        return isActive(booking) ? [{ type: 'RescheduleAbandoned', data: { bookingId: command.data.bookingId } }] : [];
    }
  },
  evolve(booking, event) {
    switch (event.type) {
      case 'BookingRequested':
      case 'BookingConfirmed':
        return made(event);
      case 'BookingRescheduled':
        return wasMade(booking) ? { ...booking, place: event.data.to, dayMoves: event.data.dayMoves } : booking;
      case 'BookingCancelled':
        return wasMade(booking) ? { ...booking, status: 'cancelled', ...(isClaimLost(event) && { claimLost: true }) } : booking;
      case 'BookingExpired':
        return wasMade(booking) ? { ...booking, status: 'expired' } : booking;
      case 'BookingAbandoned':
        return booking.status === 'none' ? { status: 'abandoned' } : booking;
      case 'RescheduleAbandoned':
        return booking;
    }
  },
};
