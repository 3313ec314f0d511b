import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { call, serve } from '@talon/contracts';
import { EventStore } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { Clock, InProcessRpc, LocalWake, ManualClock, newId, Rpc } from '@talon/kernel';
import { createDataSource, Feeds } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import { freshDatabase, startRedis } from '@talon/testing';
import { DataSource } from 'typeorm';
import { inventoryService } from './inventory.module';
import { allEvents, metadata, NOW, refusal, Supplies, until } from './testing/slot-fixture';

@Global()
@Module({})
class World {}

describe('inventory as a service, on PostgreSQL and Redis', () => {
  let stop: (() => Promise<void>)[] = [];
  let store: PostgresEventStore;
  const rpc = new InProcessRpc();
  const clock = new ManualClock(Date.parse(NOW));
  const source = new Supplies();

  beforeAll(async () => {
    const [database, redis] = await Promise.all([freshDatabase(), startRedis()]);
    const gate = await RedisGate.connect(redis.url);
    store = await PostgresEventStore.connect(database.url);
    await store.migrate();
    const { entities, migrations } = inventoryService;
    const dataSource = await createDataSource(database.url, { entities, migrations, schemas: ['inventory'] });
    const feeds = new Feeds({ store, dataSource, wake: new LocalWake() });
    serve(rpc, 'schedule.supply', ({ sessionId }) => source.supply(sessionId));
    serve(rpc, 'booking.orphans', async () => ({ orphans: [] }));
    const tokens: [Function, unknown][] = [[EventStore, store], [Clock, clock], [Rpc, rpc], [DataSource, dataSource], [RedisGate, gate], [Feeds, feeds]];
    const providers = tokens.map(([token, value]) => ({ provide: token as never, useValue: value }));
    const world = { module: World, providers, exports: providers };
    const app = await Test.createTestingModule({ imports: [world, inventoryService.module] }).compile();
    await app.init();
    feeds.start();
    stop = [() => app.close(), () => feeds.stop(), () => dataSource.destroy(), () => store.close()];
    stop.push(() => gate.close(), () => database.drop(), () => redis.stop());
  }, 30_000);
  afterAll(async () => {
    for (const end of stop) await end();
  });

  const reserve = (sessionId: string, holdUntil?: string) =>
    call(rpc, 'inventory.reserve', { sessionId, bookingId: newId(), attemptId: newId(), metadata, holdUntil });

  it('gives 7 places to 500 contenders exactly 7 times', async () => {
    const sessionId = source.add(7);
    const answers = await Promise.allSettled(Array.from({ length: 500 }, () => reserve(sessionId)));
    const won = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.slot] : []));
    expect(won.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await call(rpc, 'inventory.counts', { sessionIds: [sessionId] })).toEqual({ [sessionId]: { free: 0, taken: 7 } });
  });

  it('ends a hold by itself within two seconds of its end', async () => {
    const sessionId = source.add(1);
    const holdUntil = '2026-03-02T08:05:00.000Z';
    await reserve(sessionId, holdUntil);
    expect(await refusal(reserve(sessionId))).toBe('inventory/sold-out');
    clock.advanceTo(Date.parse(holdUntil));
    await until(async () => (await allEvents(store)).some(({ type }) => type === 'HoldExpired.v1'), 2_000);
    await until(async () => (await call(rpc, 'inventory.slots', { sessionId }))[0]?.state === 'free');
    expect(await reserve(sessionId)).toMatchObject({ slot: 1 });
  });

  it('learns of a suspended session even when nobody tells it', async () => {
    const sessionId = source.add(200);
    await reserve(sessionId);
    source.sessions.set(sessionId, { ...source.sessions.get(sessionId)!, revision: 1, suspended: true });
    const events = [1, 2].map(() => ({ id: newId(), type: 'SomethingChanged.v1', data: {}, metadata }));
    await store.append(`session-${sessionId}`, 'none', events);
    await until(async () => (await refusal(reserve(sessionId))) !== 'not refused', 5_000);
    expect(await refusal(reserve(sessionId))).toBe('inventory/suspended');
  });
});
