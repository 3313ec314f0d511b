import type { RecordedEvent } from '@talon/event-sourcing';
import { type Projection, upsertRows } from '@talon/read-model';
import { type EntityManager, In } from 'typeorm';
import { claimShard } from '../../domain/claims';
import { BOOKING_CATEGORY, type BookingEvent, type Place, bookingCodec } from '../../domain/events';
import { BookingListRow } from './booking-list.entity';

type Listed = Exclude<BookingEvent, { type: 'BookingAbandoned' | 'RescheduleAbandoned' }>;
type Row = Omit<BookingListRow, 'never'>;

const LISTED = bookingCodec.namesOf('BookingRequested', 'BookingConfirmed', 'BookingRescheduled', 'BookingCancelled', 'BookingExpired');

const placed = ({ sessionId, hospitalId, slot, startsAt, endsAt, date, zone }: Place) => ({ sessionId, hospitalId, slot, startsAt, endsAt, date, zone });

function created({ type, data }: Extract<Listed, { type: 'BookingRequested' | 'BookingConfirmed' }>): Row {
  const pending = type === 'BookingRequested';
  return {
    bookingId: data.bookingId,
    patientId: data.patientId,
    claimShard: claimShard(data.patientId),
    status: pending ? 'pending' : 'confirmed',
    ...placed(data),
    dayMoves: 0,
    portalId: data.portalId ?? null,
    price: pending ? data.price : null,
    holdExpiresAt: pending ? data.holdExpiresAt : null,
  };
}

/** @returns the row after the event; a row that should be there and is not means that the log was read from the middle */
function applied(row: Row | undefined, event: Listed): Row {
  if (event.type === 'BookingRequested' || event.type === 'BookingConfirmed') return created(event);
  if (!row) throw new Error(`booking ${event.data.bookingId} has ${event.type} but no row`);
  switch (event.type) {
    case 'BookingRescheduled':
      return { ...row, ...placed(event.data.to), dayMoves: event.data.dayMoves };
    case 'BookingCancelled':
      return { ...row, status: 'cancelled' };
    case 'BookingExpired':
      return { ...row, status: 'expired' };
  }
}

const isListed = (event: BookingEvent): event is Listed => event.type !== 'BookingAbandoned' && event.type !== 'RescheduleAbandoned';

/** Rows of a batch are folded in memory and written with one statement; only bookings made before the batch are read first. */
export const bookingListProjection: Projection = {
  name: 'booking-list',
  filter: { categories: [BOOKING_CATEGORY], types: LISTED },
  tables: ['booking.booking_list'],
  async apply(recorded: RecordedEvent[], tx: EntityManager) {
    const events = recorded.map((event) => bookingCodec.decode(event)).filter(isListed);
    const born = new Set<string>();
    const older = new Set<string>();
    for (const { type, data } of events) {
      if (type === 'BookingRequested' || type === 'BookingConfirmed') born.add(data.bookingId);
      else if (!born.has(data.bookingId)) older.add(data.bookingId);
    }
    const known = older.size > 0 ? await tx.findBy(BookingListRow, { bookingId: In([...older]) }) : [];
    const rows = new Map<string, Row>(known.map((row) => [row.bookingId, row]));
    for (const event of events) rows.set(event.data.bookingId, applied(rows.get(event.data.bookingId), event));
    await upsertRows(tx, BookingListRow, [...rows.values()]);
  },
};
