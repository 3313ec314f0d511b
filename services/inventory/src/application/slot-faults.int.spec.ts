import { isDomainError, ManualClock, newId } from '@talon/kernel';
import { RedisGate } from '@talon/redis';
import { startRedis } from '@talon/testing';
import type { SlotDesk } from './slot-desk';
import { allEvents, ask, inventoryProcess, metadata, NOW, owners, refusal, SlowStore, Supplies, until } from '../testing/slot-fixture';

describe('the way of a slot when something breaks', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let gate: RedisGate;
  let store: SlowStore;
  let source: Supplies;
  let clock: ManualClock;
  let one: ReturnType<typeof inventoryProcess>;
  beforeAll(async () => {
    redis = await startRedis();
    gate = await RedisGate.connect(redis.url);
  });
  afterAll(async () => {
    await gate.close();
    await redis.stop();
  });
  beforeEach(() => {
    store = new SlowStore();
    source = new Supplies();
    clock = new ManualClock(Date.parse(NOW));
    one = inventoryProcess(gate, store, source, clock);
  });

  it('does not load a supply older than one announced meanwhile', async () => {
    const sessionId = source.add(1);
    const old = (await one.loader.fromLog(sessionId))!;
    source.sessions.set(sessionId, { ...source.sessions.get(sessionId)!, revision: 1, suspended: true });
    await one.loader.sync(sessionId);
    expect(await one.slots.load(old)).toBe('outdated');
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/suspended');
  });

  it('settles a lost answer by the same event: one take, one slot', async () => {
    const sessionId = source.add(3);
    store.loseAnswers = 1;
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 1 });
    expect(await allEvents(store)).toHaveLength(1);
  });

  it('is corrected by the store when the fast copy is stale, and moves on to the next free slot', async () => {
    const sessionId = source.add(3);
    const stale = (await one.loader.fromLog(sessionId))!;
    const other = await one.desk.reserve(ask(sessionId));
    await gate.client.flushAll();
    await one.slots.load(stale);
    expect(other.slot).toBe(1);
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 2 });
    await gate.client.flushAll();
    await one.slots.load(stale);
    expect(await refusal(one.desk.reserve(ask(sessionId, { slot: 1 })))).toBe('inventory/slot-taken');
    expect([...(await owners(store, sessionId)).keys()]).toEqual([1, 2]);
    expect((await one.slots.read(sessionId))?.slots[0]).toMatchObject({ mark: 'reserved', revision: 0 });
  });

  it('does not lose a slot that is given back while its session is being loaded', async () => {
    const sessionId = source.add(1);
    const request = ask(sessionId);
    await one.desk.reserve(request);
    await gate.client.flushAll();
    const load = one.slots.load.bind(one.slots);
    one.slots.load = async (copy) => {
      await one.desk.release({ sessionId, slot: 1, bookingId: request.bookingId, commandId: newId(), metadata });
      await new Promise((resolve) => setTimeout(resolve, 20));
      return load(copy);
    };
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 1 });
  });

  it('finds a slot again that a killed process had taken but not recorded', async () => {
    const sessionId = source.add(1);
    const dying = new SlowStore();
    dying.dieBeforeAppend = true;
    const killed = inventoryProcess(gate, dying, source, clock);
    void killed.desk.reserve(ask(sessionId));
    await until(async () => (await one.slots.read(sessionId))?.slots[0]?.mark === 'reserved');
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/sold-out');
    // Eleven seconds later, without waiting for them.
    const pending = `${gate.generation}:p:{${sessionId}}`;
    await gate.client.zAdd(pending, { value: '1', score: Date.now() - 11_000 });
    let slot = 0;
    await until(async () => {
      slot = await one.desk.reserve(ask(sessionId)).then((taken) => taken.slot, () => 0);
      return slot > 0;
    });
    expect(slot).toBe(1);
    expect((await owners(store, sessionId)).size).toBe(1);
  });

  it.each([
    ['SCRIPT FLUSH', () => gate.client.scriptFlush()],
    ['FLUSHALL', () => gate.client.flushAll()],
    ['a restart of Redis', () => redis.restart()],
  ] as [string, () => Promise<unknown>][])('sells every slot exactly once with %s in mid-sale, and goes on by itself', async (_what, disturb) => {
    const capacity = 300;
    const sessionId = source.add(capacity);
    const two = inventoryProcess(gate, store, source, clock);
    store.delayMs = 10;
    const sold = new Map<number, string>();
    let soldOut = 0;
    let disturbances = 0;
    let disturbing: Promise<unknown> = Promise.resolve();
    const contender = async (desk: SlotDesk) => {
      while (soldOut < 20) {
        const request = ask(sessionId);
        try {
          const { slot } = await desk.reserve(request);
          expect(sold.has(slot)).toBe(false);
          sold.set(slot, request.bookingId);
          if (Math.floor(sold.size / 80) > disturbances) {
            disturbances++;
            await (disturbing = disturbing.then(disturb));
          }
        } catch (error) {
          if (isDomainError(error, 'inventory/sold-out')) soldOut++;
          else if (!isDomainError(error, 'talon/unavailable')) throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    await Promise.all(Array.from({ length: 40 }, (_unused, index) => contender((index % 2 ? one : two).desk)));
    expect(disturbances).toBeGreaterThanOrEqual(3);
    const byLog = await owners(store, sessionId);
    for (const [slot, bookingId] of sold) expect(byLog.get(slot)).toBe(bookingId);
    expect(sold.size).toBe(capacity);
    expect(byLog.size).toBe(capacity);
  }, 60_000);
});
