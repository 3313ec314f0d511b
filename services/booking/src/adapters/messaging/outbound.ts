import { type Outbound, bookingEvents } from '@talon/contracts';
import { BOOKING_CATEGORY, type BookingEvent, type Place, bookingCodec } from '../../domain/events';

const { bookingRequested, bookingConfirmed, bookingRescheduled, bookingCancelled, bookingExpired } = bookingEvents;

const PUBLIC: Partial<Record<BookingEvent['type'], string>> = {
  BookingRequested: bookingRequested.type,
  BookingConfirmed: bookingConfirmed.type,
  BookingRescheduled: bookingRescheduled.type,
  BookingCancelled: bookingCancelled.type,
  BookingExpired: bookingExpired.type,
};

const visitOf = (bookingId: string, { sessionId, hospitalId, slot, startsAt }: Place, portalId?: string) => ({
  bookingId, sessionId, hospitalId, slot, startsAt, ...(portalId === undefined ? {} : { portalId }),
});

/** What the world learns about bookings: never who the patient is. */
export const bookingOutbound: Outbound = {
  categories: [BOOKING_CATEGORY],
  storedNames: Object.fromEntries(
    Object.entries(PUBLIC).flatMap(([type, name]) => bookingCodec.namesOf(type as BookingEvent['type']).map((stored) => [stored, [name]])),
  ),
  map(recorded) {
    const event = bookingCodec.decode(recorded);
    switch (event.type) {
      case 'BookingRequested': {
        const { bookingId, portalId, price, holdExpiresAt } = event.data;
        return bookingRequested.of({ ...visitOf(bookingId, event.data, portalId), price, holdExpiresAt });
      }
      case 'BookingConfirmed':
        return bookingConfirmed.of(visitOf(event.data.bookingId, event.data, event.data.portalId));
      case 'BookingRescheduled': {
        const { bookingId, portalId, from, to } = event.data;
        return bookingRescheduled.of({ ...visitOf(bookingId, to, portalId), fromSessionId: from.sessionId, fromSlot: from.slot });
      }
      case 'BookingCancelled': {
        const { bookingId, sessionId, hospitalId, slot, reason, portalId } = event.data;
        return bookingCancelled.of({ bookingId, sessionId, hospitalId, slot, reason, ...(portalId === undefined ? {} : { portalId }) });
      }
      case 'BookingExpired': {
        const { bookingId, sessionId, hospitalId, slot, portalId } = event.data;
        return bookingExpired.of({ bookingId, sessionId, hospitalId, slot, ...(portalId === undefined ? {} : { portalId }) });
      }
      default:
        return null;
    }
  },
};
