import { publicEvent } from './public-event';

export interface BookingCalls {
  /**
   * For inventory's sweeper: which of these slots does no live booking own? A booking that does not exist is fenced first
   * (`BookingAbandoned` at "no stream"), so that a slow writer can never appear later. At most 500.
   */
  'booking.orphans': {
    request: { claims: { bookingId: string; sessionId: string; slot: number }[] };
    reply: { orphans: { bookingId: string; sessionId: string; slot: number }[] };
  };
}

const visit = { bookingId: 'id', sessionId: 'id', hospitalId: 'id', slot: 'count', startsAt: 'instant', portalId: 'text?' } as const;

export const bookingEvents = {
  bookingRequested: publicEvent('booking.requested', 1, 'A slot is kept for a patient until `holdExpiresAt`; a fee is due.', { ...visit, price: 'money', holdExpiresAt: 'instant' }),
  bookingConfirmed: publicEvent('booking.confirmed', 1, 'A patient has the slot.', visit),
  bookingRescheduled: publicEvent('booking.rescheduled', 1, 'The booking moved to another slot; the old one is free again.', { ...visit, fromSessionId: 'id', fromSlot: 'count' }),
  bookingCancelled: publicEvent('booking.cancelled', 1, 'The booking ended before the visit; its slot goes back.', { bookingId: 'id', sessionId: 'id', hospitalId: 'id', slot: 'count', reason: 'text', portalId: 'text?' }),
  bookingExpired: publicEvent('booking.expired', 1, 'The fee was not paid in time; the slot went back.', { bookingId: 'id', sessionId: 'id', hospitalId: 'id', slot: 'count', portalId: 'text?' }),
};
