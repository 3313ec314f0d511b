import { InMemoryEventStore, type RecordedEvent, START } from '@talon/event-sourcing';
import { LocalWake, newId } from '@talon/kernel';
import { Feeds, createDataSource } from '@talon/read-model';
import { freshDatabase } from '@talon/testing';
import type { DataSource } from 'typeorm';
import { claimShard } from '../../domain/claims';
import { type BookingEvent, type Place, bookingCodec, bookingStream } from '../../domain/events';
import { BookingList1764000200000 } from '../../migrations/booking-list-1764000200000';
import { BookingListRow } from './booking-list.entity';
import { bookingListProjection } from './booking-list.projection';
import { ActiveBookingsQuery } from './booking-list.query';

const metadata = { at: '2026-03-01T08:00:00.000Z' };
const place = (date: string, slot = 1): Place => ({
  sessionId: '33333333-3333-4333-8333-333333333333', hospitalId: '44444444-4444-4444-8444-444444444444', slot, date, zone: 'UTC',
  startsAt: `${date}T09:00:00.000Z`, endsAt: `${date}T09:20:00.000Z`, changeableUntil: `${date}T09:00:00.000Z`,
});

let database: { url: string; drop(): Promise<void> };
let dataSource: DataSource;
const store = new InMemoryEventStore();
let feeds: Feeds;
beforeAll(async () => {
  database = await freshDatabase();
  dataSource = await createDataSource(database.url, { entities: [BookingListRow], migrations: [BookingList1764000200000], schemas: ['booking'] });
  feeds = new Feeds({ store, dataSource, wake: new LocalWake() });
  feeds.addProjection(bookingListProjection);
  feeds.start();
}, 60_000);
afterAll(async () => {
  await feeds?.stop();
  await dataSource?.destroy();
  await database?.drop();
});

const append = (bookingId: string, revision: number, event: BookingEvent) =>
  store.append(bookingStream(bookingId), revision < 0 ? 'none' : revision, [{ id: newId(), ...bookingCodec.encode(event), metadata }]);

async function made(options: { due?: string } = {}) {
  const [bookingId, patientId] = [newId(), newId()];
  const data = { bookingId, patientId, requestHash: 'h', ...place('2026-03-10') };
  const price = { amountMinor: 100, currency: 'EUR' };
  await append(bookingId, -1, options.due ? { type: 'BookingRequested', data: { ...data, price, holdExpiresAt: options.due } } : { type: 'BookingConfirmed', data });
  return { bookingId, patientId };
}
const endedBy = ({ bookingId, patientId }: { bookingId: string; patientId: string }) => {
  const { sessionId, hospitalId, slot, date } = place('2026-03-10');
  return { bookingId, patientId, sessionId, hospitalId, slot, date, dayMoves: 0 };
};
const rowOf = (bookingId: string) => dataSource.getRepository(BookingListRow).findOneByOrFail({ bookingId });

it('follows a booking to another day and to its end, in one batch or in several', async () => {
  for (const separately of [false, true]) {
    const one = await made();
    if (separately) await feeds.caughtUp('booking-list');
    const moved = { ...one, from: place('2026-03-10'), to: place('2026-03-11', 4), dayMoves: 1, by: 'x' };
    await append(one.bookingId, 0, { type: 'BookingRescheduled', data: moved });
    await feeds.caughtUp('booking-list');
    expect(await rowOf(one.bookingId)).toMatchObject({ status: 'confirmed', slot: 4, date: '2026-03-11', dayMoves: 1, claimShard: claimShard(one.patientId) });
    await append(one.bookingId, 1, { type: 'BookingCancelled', data: { ...endedBy(one), reason: 'r', by: 'x' } });
    await feeds.caughtUp('booking-list');
    expect(await rowOf(one.bookingId)).toMatchObject({ status: 'cancelled', slot: 4, price: null, portalId: null });
  }
});

it('gives the same rows when a batch comes twice', async () => {
  await made();
  await feeds.caughtUp('booking-list');
  const rows = async () => JSON.stringify(await dataSource.getRepository(BookingListRow).find({ order: { bookingId: 'ASC' } }));
  const before = await rows();
  const { events } = await store.readAll(START, { max: 5_000, filter: bookingListProjection.filter });
  await dataSource.transaction((tx) => bookingListProjection.apply(events as RecordedEvent[], tx));
  expect(await rows()).toBe(before);
});

it('is the same after a rebuild', async () => {
  await feeds.caughtUp('booking-list');
  expect(await feeds.rebuild('booking-list')).toMatchObject({ differences: 0 });
});

it('knows the claims of a shard as new as the log, from a day on, of live bookings only', async () => {
  const active = new ActiveBookingsQuery(dataSource, store, feeds);
  const [live, gone] = [await made(), await made()];
  await append(gone.bookingId, 0, { type: 'BookingCancelled', data: { ...endedBy(gone), reason: 'r', by: 'x' } });
  const shards = [claimShard(live.patientId), claimShard(gone.patientId)];
  const ours = new Set([live.patientId, gone.patientId]);
  const claimsFrom = async (date: string) => (await active.claims(shards, date)).claims.filter(({ patientId }) => ours.has(patientId));
  expect(await claimsFrom('2026-03-10')).toEqual([{ patientId: live.patientId, claim: { bookingId: live.bookingId, date: '2026-03-10', dayMoves: 0 } }]);
  expect(await claimsFrom('2026-03-11')).toEqual([]);
});

it('finds holds that are over, at the deadline and not before', async () => {
  const active = new ActiveBookingsQuery(dataSource, store, feeds);
  const { bookingId } = await made({ due: '2026-03-01T08:05:00.000Z' });
  await feeds.caughtUp('booking-list');
  expect(await active.pendingUntil('2026-03-01T08:04:59.999Z', 10)).not.toContain(bookingId);
  expect(await active.pendingUntil('2026-03-01T08:05:00.000Z', 10)).toContain(bookingId);
});

it('keeps up with bookings', async () => {
  const startedAt = performance.now();
  const count = 2_000;
  await Promise.all(Array.from({ length: count }, () => made()));
  await feeds.caughtUp('booking-list', { timeoutMs: 20_000 });
  console.info(`${count} bookings listed in ${Math.round(performance.now() - startedAt)} ms`);
  expect(await dataSource.getRepository(BookingListRow).count()).toBeGreaterThanOrEqual(count);
});
