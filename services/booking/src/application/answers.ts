import type { SessionFacts, SlotTaken } from '@talon/contracts';
import type { MadeBooking } from '../domain/decider';
import type { Place } from '../domain/events';
import type { BookingView } from './ports';

export function answerOf(booking: MadeBooking): BookingView {
  const { bookingId, status, patientId, place, price, holdExpiresAt } = booking;
  const { sessionId, hospitalId, slot, startsAt, endsAt, date, zone } = place;
  return { bookingId, status, patientId, sessionId, hospitalId, slot, startsAt, endsAt, date, zone, price, holdExpiresAt: holdExpiresAt ?? null };
}

/** A slot that fills the whole session is a numbered ticket: it can be changed until the session ends, a timed slot until it starts. */
export function placeOf(facts: SessionFacts, { slot, startsAt, endsAt }: SlotTaken): Place {
  const { sessionId, hospitalId, date, zone } = facts;
  const ticket = startsAt === facts.startsAt && endsAt === facts.endsAt;
  return { sessionId, hospitalId, slot, startsAt, endsAt, date, zone, changeableUntil: ticket ? endsAt : startsAt };
}
