import type { EventStore } from '@talon/event-sourcing';
import { commonError, isId } from '@talon/kernel';
import type { Feeds } from '@talon/read-model';
import type { DataSource } from 'typeorm';
import { ActiveBookings, type BookingListFilter, BookingLists, type BookingView } from '../../application/ports';
import type { Claim } from '../../domain/claims';
import { BookingListRow } from './booking-list.entity';
import { bookingListProjection } from './booking-list.projection';

/** How long loading claims waits for the read model. */
const CAUGHT_UP_MS_MAX = 10_000;

/** ActiveBookings and the lists over the read model. */
export class ActiveBookingsQuery extends ActiveBookings {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: EventStore,
    private readonly feeds: Feeds,
  ) {
    super();
  }

  override async claims(shards: number[], fromDate: string): Promise<{ epoch: number; claims: { patientId: string; claim: Claim }[] }> {
    const epoch = await this.store.head();
    await this.feeds.caughtUp(bookingListProjection.name, { position: epoch, timeoutMs: CAUGHT_UP_MS_MAX });
    const rows: { patient_id: string; booking_id: string; date: string; day_moves: number }[] = await this.dataSource.query(
      `SELECT patient_id, booking_id, date, day_moves FROM booking.booking_list
       WHERE claim_shard = ANY($1) AND date >= $2 AND status IN ('pending', 'confirmed')`,
      [shards, fromDate],
    );
    const claimOf = (row: (typeof rows)[number]): Claim => ({ bookingId: row.booking_id, date: row.date, dayMoves: row.day_moves });
    return { epoch, claims: rows.map((row) => ({ patientId: row.patient_id, claim: claimOf(row) })) };
  }

  override async pendingUntil(now: string, max: number): Promise<string[]> {
    const rows: { booking_id: string }[] = await this.dataSource.query(
      `SELECT booking_id FROM booking.booking_list WHERE status = 'pending' AND hold_expires_at <= $1 ORDER BY hold_expires_at LIMIT $2`,
      [now, max],
    );
    return rows.map(({ booking_id: bookingId }) => bookingId);
  }
}

const viewOf = (row: BookingListRow): BookingView => {
  const { bookingId, status, patientId, sessionId, hospitalId, slot, startsAt, endsAt, date, zone, price, holdExpiresAt } = row;
  return { bookingId, status, patientId, sessionId, hospitalId, slot, startsAt, endsAt, date, zone, price, holdExpiresAt };
};

const cursorOf = ({ startsAt, bookingId }: BookingListRow): string => Buffer.from(`${startsAt}|${bookingId}`).toString('base64url');

function cursorFrom(text: string): { startsAt: string; bookingId: string } {
  const [startsAt = '', bookingId, ...rest] = Buffer.from(text, 'base64url').toString('utf8').split('|');
  if (rest.length > 0 || !isId(bookingId) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(startsAt)) {
    throw commonError('invalid-input', 'This is not a cursor of this list', { fields: [{ field: 'after', message: 'must be `next` of the page before' }] });
  }
  return { startsAt, bookingId };
}

export class BookingListsQuery extends BookingLists {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async page(filter: BookingListFilter): Promise<{ items: BookingView[]; next: string | null }> {
    const query = this.dataSource.getRepository(BookingListRow).createQueryBuilder('b');
    if (filter.patientId !== undefined) query.andWhere('b.patientId = :patientId', { patientId: filter.patientId });
    if (filter.sessionId !== undefined) query.andWhere('b.sessionId = :sessionId', { sessionId: filter.sessionId });
    if (filter.hospitalIds !== undefined) query.andWhere('CAST(b.hospitalId AS text) IN (:...hospitalIds)', { hospitalIds: filter.hospitalIds });
    if (filter.portalId !== undefined) query.andWhere('b.portalId = :portalId', { portalId: filter.portalId });
    if (filter.after !== undefined) query.andWhere('(b.startsAt, b.bookingId) > (:startsAt, :bookingId)', cursorFrom(filter.after));
    const rows = await query.orderBy('b.startsAt').addOrderBy('b.bookingId').take(filter.limit + 1).getMany();
    const page = rows.slice(0, filter.limit);
    return { items: page.map(viewOf), next: rows.length > page.length ? cursorOf(page.at(-1)!) : null };
  }
}
