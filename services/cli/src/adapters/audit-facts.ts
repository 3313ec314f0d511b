import { bookingCodec } from '@talon/booking';
import { categoryOf, type RecordedEvent } from '@talon/event-sourcing';
import { slotCodec } from '@talon/inventory';
import { hospitalCodec, plannedSlots, sessionCodec } from '@talon/schedule';
import type { BookingFact, Fact, Place, SlotFact, SupplyFact } from '../domain/audit-facts';

type FactOf<F extends Fact> = F extends Fact ? Omit<F, keyof Place> : never;

/** A stored event in the audit's words. @throws when a service does not know the stored name: a newer writer is about */
export function factOf(event: RecordedEvent): Fact {
  const { position, stream, revision, id: eventId } = event;
  return { position, stream, revision, eventId, at: event.metadata.at, ...content(event) } as Fact;
}

function content(event: RecordedEvent): FactOf<Fact> {
  switch (categoryOf(event.stream)) {
    case 'slot':
      return slotFact(event);
    case 'booking':
      return bookingFact(event);
    case 'session':
    case 'hospital':
      return supplyFact(event);
    default:
      return { kind: 'other' };
  }
}

function slotFact(event: RecordedEvent): FactOf<SlotFact> {
  const { type, data } = slotCodec.decode(event);
  const { sessionId, slot } = data;
  switch (type) {
    case 'SlotHeld':
      return { kind: 'slot-taken', sessionId, slot, bookingId: data.bookingId, heldUntil: data.holdUntil, epoch: data.epoch };
    case 'SlotReserved':
      return { kind: 'slot-taken', sessionId, slot, bookingId: data.bookingId, epoch: data.epoch };
    case 'HoldConfirmed':
      return { kind: 'hold-confirmed', sessionId, slot, bookingId: data.bookingId };
    case 'SlotReleased':
    case 'HoldExpired':
      return { kind: 'slot-freed', sessionId, slot, bookingId: data.bookingId };
    case 'SlotWithdrawn':
      return { kind: 'slot-withdrawn', sessionId, slot, epoch: data.epoch };
  }
}

function bookingFact(event: RecordedEvent): FactOf<BookingFact> {
  const { type, data } = bookingCodec.decode(event);
  const { bookingId } = data;
  switch (type) {
    case 'BookingRequested':
    case 'BookingConfirmed': {
      const heldUntil = type === 'BookingRequested' ? data.holdExpiresAt : undefined;
      return { kind: 'booked', bookingId, patientId: data.patientId, sessionId: data.sessionId, slot: data.slot, date: data.date, heldUntil };
    }
    case 'BookingRescheduled':
      return { kind: 'moved', bookingId, sessionId: data.to.sessionId, slot: data.to.slot, date: data.to.date };
    case 'BookingCancelled':
    case 'BookingExpired':
      return { kind: 'ended', bookingId };
    case 'BookingAbandoned':
    case 'RescheduleAbandoned':
      return { kind: 'fenced', bookingId };
  }
}

function supplyFact(event: RecordedEvent): FactOf<SupplyFact> | { kind: 'other' } {
  if (sessionCodec.knows(event.type)) {
    const { type, data } = sessionCodec.decode(event);
    if (type !== 'SessionPlanned' && type !== 'SlotsAdded') return { kind: 'other' };
    const slots = type === 'SessionPlanned' ? plannedSlots(data) : data.slots;
    return { kind: 'supplied', sessionId: data.sessionId, hospitalId: data.hospitalId, numbers: slots.map(({ number }) => number) };
  }
  const { type, data } = hospitalCodec.decode(event);
  if (type !== 'HospitalAdded' && type !== 'HospitalChanged') return { kind: 'other' };
  return { kind: 'limited', hospitalId: data.hospitalId, bookingsPerPatientDayMax: data.bookingsPerPatientDayMax };
}
