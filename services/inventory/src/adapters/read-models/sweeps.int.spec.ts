import { InMemoryEventStore, type RecordedEvent, START } from '@talon/event-sourcing';
import { deriveId, LocalWake, ManualClock, newId } from '@talon/kernel';
import { createDataSource, Feeds } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import { freshDatabase, startRedis } from '@talon/testing';
import type { DataSource } from 'typeorm';
import { HoldSweep } from '../../application/hold-sweep';
import { ORPHAN_AGE_MS, OrphanSweep } from '../../application/orphan-sweep';
import { BookingClaims, SupplySource, type Claim } from '../../application/ports';
import { SessionLoader } from '../../application/session-loader';
import { SlotDesk } from '../../application/slot-desk';
import { InventoryHolds1764000400000 } from '../../migrations/holds-1764000400000';
import { RedisSlotStore } from '../redis/redis-slot-store';
import { freedSlotsReaction } from '../messaging/inbound';
import { HoldRow } from './hold.entity';
import { holdProjection } from './hold.projection';
import { HoldQuery } from './hold.query';
import { PostgresSweepCursor } from './sweep-cursor';

const NOW = Date.parse('2026-03-02T08:00:00.000Z');
const SESSION = deriveId('session', 'one');
const HOLD_UNTIL = '2026-03-02T08:05:00.000Z';

/** Ten tickets from 09:00 to 12:00. */
class TenTickets extends SupplySource {
  override async supply(sessionId: string) {
    const [startsAt, endsAt] = ['2026-03-02T09:00:00.000Z', '2026-03-02T12:00:00.000Z'];
    const slots = Array.from({ length: 10 }, (_, index) => ({ number: index + 1, startsAt, endsAt, bookableUntil: endsAt }));
    return { sessionId, hospitalId: deriveId('hospital', 'one'), revision: 0, suspended: false, opensAt: null, endsAt, slots };
  }
}

class KnownBookings extends BookingClaims {
  readonly known = new Set<string>();
  readonly asked: Claim[] = [];
  override async orphans(claims: Claim[]) {
    this.asked.push(...claims);
    return claims.filter(({ bookingId }) => !this.known.has(bookingId));
  }
}

describe('what comes back by itself', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let gate: RedisGate;
  let dataSource: DataSource;
  let store: InMemoryEventStore;
  let clock: ManualClock;
  let desk: SlotDesk;
  let loader: SessionLoader;
  let slots: RedisSlotStore;
  let feeds: Feeds;
  beforeAll(async () => {
    [database, redis] = await Promise.all([freshDatabase(), startRedis()]);
    dataSource = await createDataSource(database.url, { entities: [HoldRow], migrations: [InventoryHolds1764000400000], schemas: ['inventory'] });
  }, 30_000);
  afterAll(async () => {
    await dataSource.destroy();
    await Promise.all([database.drop(), redis.stop()]);
  });
  beforeEach(async () => {
    // Keys of its own for each test: news of slots taken in the last one may still be on its way.
    gate = await RedisGate.connect(redis.url, { keyPrefix: `${newId()}:` });
    await dataSource.query('DELETE FROM feeds.cursors');
    await dataSource.query('DELETE FROM inventory.holds');
    await dataSource.query('UPDATE inventory.sweeps SET position = $1', [START]);
    const wake = new LocalWake();
    store = new InMemoryEventStore({ wake });
    clock = new ManualClock(NOW);
    slots = new RedisSlotStore(gate, clock);
    loader = new SessionLoader(store, slots, new TenTickets());
    desk = new SlotDesk(store, slots, loader, clock);
    feeds = new Feeds({ store, dataSource, wake });
    feeds.addProjection(holdProjection);
    feeds.addReaction(freedSlotsReaction(slots));
    feeds.start();
  });
  afterEach(async () => {
    await feeds.stop();
    await gate.close();
  });

  const metadata = { at: new Date(NOW).toISOString() };
  const reserve = (more: { holdUntil?: string; bookingId?: string } = {}) =>
    desk.reserve({ sessionId: SESSION, bookingId: newId(), attemptId: newId(), metadata, ...more });
  const events = async (): Promise<RecordedEvent[]> => (await store.readAll(START, { max: 1_000 })).events;
  const types = async () => (await events()).map(({ type }) => type);
  const openSlots = async () => (await dataSource.getRepository(HoldRow).find({ order: { slot: 'ASC' } })).map(({ slot }) => slot);

  it('a hold ends at its instant, not a millisecond before, and once for any number of sweepers', async () => {
    await reserve({ holdUntil: HOLD_UNTIL });
    await reserve();
    await feeds.caughtUp('inventory-holds');
    expect(await openSlots()).toEqual([1]);
    const sweeps = [1, 2, 3].map(() => new HoldSweep(new HoldQuery(dataSource), desk, clock));
    clock.advanceTo(Date.parse(HOLD_UNTIL) - 1);
    await Promise.all(sweeps.map((sweep) => sweep.run()));
    expect(await types()).toEqual(['SlotHeld.v1', 'SlotReserved.v1']);
    clock.advanceTo(Date.parse(HOLD_UNTIL));
    await Promise.all(sweeps.map((sweep) => sweep.run()));
    expect(await types()).toEqual(['SlotHeld.v1', 'SlotReserved.v1', 'HoldExpired.v1']);
    expect(await reserve({ holdUntil: '2026-03-02T08:10:00.000Z' })).toMatchObject({ slot: 1 });
    await feeds.caughtUp('inventory-holds');
    expect(await openSlots()).toEqual([1]);
    expect(await feeds.rebuild('inventory-holds')).toMatchObject({ differences: 0, rows: 1 });
  }, 20_000);

  it('a slot whose booking never appeared is given back after 15 s of real time; each take is asked about once', async () => {
    const bookings = new KnownBookings();
    const kept = newId();
    bookings.known.add(kept);
    const realTime = new ManualClock(1_000_000);
    const sweep = new OrphanSweep(store, bookings, desk, new PostgresSweepCursor(dataSource, 'orphans'), clock, realTime);
    await reserve({ bookingId: kept });
    const lost = await reserve();
    expect(await sweep.run()).toBe(0);
    realTime.advanceTo(1_000_000 + ORPHAN_AGE_MS - 1);
    await reserve();
    expect(await sweep.run()).toBe(0);
    expect(bookings.asked).toEqual([]);
    realTime.advanceTo(1_000_000 + ORPHAN_AGE_MS);
    expect(await sweep.run()).toBe(1);
    expect(bookings.asked.map(({ slot }) => slot)).toEqual([1, 2]);
    expect((await types()).filter((type) => type === 'SlotReleased.v1')).toHaveLength(1);
    expect(await sweep.run()).toBe(0);
    expect(bookings.asked).toHaveLength(2);
    expect(await reserve()).toMatchObject({ slot: lost.slot });
    realTime.advanceTo(1_000_000 + 3 * ORPHAN_AGE_MS);
    expect(await sweep.run()).toBe(1);
    expect(bookings.asked.map(({ slot }) => slot)).toEqual([1, 2, 3]);
  }, 20_000);

  it('a slot freed in the log by a process that died before it told Redis is sold again', async () => {
    const bookingId = newId();
    await reserve({ bookingId });
    const { stream, data } = (await events())[0]!;
    const released = { id: newId(), type: 'SlotReleased.v1', data, metadata };
    await store.append(stream, 0, [released]);
    await feeds.caughtUp('inventory-fast-copy');
    expect(await loader.drift(SESSION)).toEqual([]);
    expect(await reserve()).toMatchObject({ slot: 1 });
  }, 20_000);
});
