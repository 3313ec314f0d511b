import { type Event, eventCodec } from '@talon/event-sourcing';
import type { Money } from '@talon/kernel';

/** One place in a session, with what somebody who comes to the visit must know. */
export interface Place {
  sessionId: string;
  hospitalId: string;
  /** 1, 2, 3 … within the session. */
  slot: number;
  /** ISO-8601 UTC. */
  startsAt: string;
  endsAt: string;
  /** Local calendar day of the visit, YYYY-MM-DD: the day that limits count by. */
  date: string;
  /** IANA zone of `date`. */
  zone: string;
  /** The booking can be cancelled or moved before this instant: the slot's start, for numbered tickets the session's end. */
  changeableUntil: string;
}

/** Everything the first answer is made of, so that a repeat of the request gets the same one. */
interface Made extends Place {
  bookingId: string;
  patientId: string;
  /** The portal that booked, when one did. */
  portalId?: string;
  /** contentHash of the request's body. */
  requestHash: string;
}

/** Why and where a booking ended; `dayMoves` names the claim that ends with it. */
interface Ended {
  bookingId: string;
  patientId: string;
  sessionId: string;
  hospitalId: string;
  slot: number;
  date: string;
  dayMoves: number;
  portalId?: string;
}

/** A fee is due; the slot is held until `holdExpiresAt`. */
export type BookingRequested = Event<'BookingRequested', Made & { price: Money; holdExpiresAt: string }>;
/** Nothing to pay: the patient has the slot. */
export type BookingConfirmed = Event<'BookingConfirmed', Made>;
/** The booking has the slot `to` and no longer the slot `from`. `dayMoves` is the number of changes of the day so far, this one included. */
export type BookingRescheduled = Event<
  'BookingRescheduled',
  { bookingId: string; patientId: string; portalId?: string; from: Place; to: Place; dayMoves: number; by: string }
>;
/** `reason` is the caller's word or `claim-lost` (the daily limit turned out to be used up before the booking was answered). */
export type BookingCancelled = Event<'BookingCancelled', Ended & { reason: string; by: string }>;
/** The fee was not paid by `holdExpiresAt`. */
export type BookingExpired = Event<'BookingExpired', Ended & { holdExpiresAt: string }>;
/** Nobody will ever make this booking: written at "no stream", so that a slow request meets it and gives up. */
export type BookingAbandoned = Event<'BookingAbandoned', { bookingId: string }>;
/** The same for a slow change of slot: whoever read the stream before this cannot move the booking any more. */
export type RescheduleAbandoned = Event<'RescheduleAbandoned', { bookingId: string }>;

export type BookingEvent =
  | BookingRequested
  | BookingConfirmed
  | BookingRescheduled
  | BookingCancelled
  | BookingExpired
  | BookingAbandoned
  | RescheduleAbandoned;

export const BOOKING_CATEGORY = 'booking';
export const bookingStream = (bookingId: string): string => `${BOOKING_CATEGORY}-${bookingId}`;

export const bookingCodec = eventCodec<BookingEvent>({
  BookingRequested: 1,
  BookingConfirmed: 1,
  BookingRescheduled: 1,
  BookingCancelled: 1,
  BookingExpired: 1,
  BookingAbandoned: 1,
  RescheduleAbandoned: 1,
});
