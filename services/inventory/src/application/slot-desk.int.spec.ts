import type { ReserveSlot } from '@talon/contracts';
import { ManualClock, newId } from '@talon/kernel';
import { RedisGate } from '@talon/redis';
import { startRedis } from '@talon/testing';
import { allEvents, ask, inventoryProcess, metadata, NOW, owners, refusal, SlowStore, Supplies, until } from '../testing/slot-fixture';

describe('the way of a slot', () => {
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

  const agrees = (sessionId: string) => until(async () => (await one.loader.drift(sessionId))?.length === 0);

  it('gives 7 places to 500 contenders of two processes exactly 7 times', async () => {
    const sessionId = source.add(7);
    const two = inventoryProcess(gate, store, source, clock);
    const asked = Array.from({ length: 500 }, () => ask(sessionId));
    const answers = await Promise.allSettled(asked.map((request, index) => (index % 2 ? one : two).desk.reserve(request)));
    const won = answers.flatMap((answer, index) => (answer.status === 'fulfilled' ? [[answer.value.slot, asked[index]!.bookingId] as const] : []));
    expect(won.map(([slot]) => slot).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Map(won.toSorted(([a], [b]) => a - b))).toEqual(new Map([...(await owners(store, sessionId))].toSorted(([a], [b]) => a - b)));
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as { code: string }] : []));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['inventory/sold-out']));
    await agrees(sessionId);
  });

  it('refuses in the order of the table', async () => {
    const opensAt = '2026-03-02T08:30:00.000Z';
    const endsAt = '2026-03-02T08:40:00.000Z';
    expect(await refusal(one.desk.reserve(ask(newId())))).toBe('inventory/session-unknown');
    expect(await refusal(one.desk.reserve(ask(source.add(1, { suspended: true, opensAt }))))).toBe('inventory/suspended');
    const sessionId = source.add(1, { opensAt, endsAt });
    await expect(one.desk.reserve(ask(sessionId))).rejects.toMatchObject({ code: 'inventory/not-open', extra: { data: { opensAt } } });
    clock.advanceTo(Date.parse(opensAt) - 1);
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/not-open');
    clock.advanceTo(Date.parse(opensAt));
    expect(await refusal(one.desk.reserve(ask(sessionId, { slot: 2 })))).toBe('inventory/slot-unknown');
    for (const slot of [0, -1, 1.5]) expect(await refusal(one.desk.reserve(ask(sessionId, { slot })))).toBe('inventory/slot-unknown');
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 1 });
    expect(await refusal(one.desk.reserve(ask(sessionId, { slot: 1 })))).toBe('inventory/slot-taken');
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/sold-out');
    clock.advanceTo(Date.parse(endsAt));
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/session-over');
  });

  it('gives a slot back once, and only for the booking that has it', async () => {
    const sessionId = source.add(1);
    const mine = ask(sessionId);
    await one.desk.reserve(mine);
    const release = (bookingId: string) => one.desk.release({ sessionId, slot: 1, bookingId, commandId: newId(), metadata });
    expect(await release(newId())).toEqual({ released: false });
    expect(await release(mine.bookingId)).toEqual({ released: true });
    expect(await release(mine.bookingId)).toEqual({ released: false });
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 1 });
    expect(await release(mine.bookingId)).toEqual({ released: false });
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/sold-out');
    expect((await owners(store, sessionId)).size).toBe(1);
  });

  it('confirms a hold one millisecond before its end, not at it, even while the fast copy still shows the hold', async () => {
    const sessionId = source.add(2);
    const holdUntil = '2026-03-02T08:05:00.000Z';
    const [early, late] = [ask(sessionId, { holdUntil }), ask(sessionId, { holdUntil })];
    await one.desk.reserve(early);
    await one.desk.reserve(late);
    const confirm = ({ bookingId }: ReserveSlot, slot: number) => one.desk.confirm({ sessionId, slot, bookingId, commandId: newId(), metadata });
    clock.advanceTo(Date.parse(holdUntil) - 1);
    expect(await confirm(early, 1)).toMatchObject({ slot: 1 });
    clock.advanceTo(Date.parse(holdUntil));
    expect(await confirm(early, 1)).toMatchObject({ slot: 1 });
    expect((await one.views.view(sessionId))[1]).toEqual({ number: 2, state: 'held' });
    expect(await refusal(confirm(late, 2))).toBe('inventory/hold-expired');
    const expire = { sessionId, slot: 2, bookingId: late.bookingId, commandId: newId(), metadata };
    expect(await one.desk.expire({ ...expire, slot: 1, bookingId: early.bookingId })).toBe(false);
    expect(await one.desk.expire(expire)).toBe(true);
    expect(await refusal(confirm(late, 2))).toBe('inventory/hold-expired');
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 2 });
  });

  it('takes free slots out of sale, and says which ones somebody has', async () => {
    const sessionId = source.add(3);
    await one.desk.reserve(ask(sessionId, { slot: 2 }));
    const request = { sessionId, numbers: [1, 2], commandId: newId(), metadata };
    expect(await one.desk.withdraw(request)).toEqual({ withdrawn: [1], taken: [2] });
    expect(await one.desk.withdraw(request)).toEqual({ withdrawn: [1], taken: [2] });
    expect(await one.views.view(sessionId)).toEqual([{ number: 1, state: 'withdrawn' }, { number: 2, state: 'reserved' }, { number: 3, state: 'free' }]);
    expect(await one.views.counts([sessionId, newId()])).toEqual({ [sessionId]: { free: 1, taken: 1 } });
    await agrees(sessionId);
  });

  it('follows the session: suspended, resumed, more places', async () => {
    const sessionId = source.add(1);
    await one.desk.reserve(ask(sessionId));
    const before = source.sessions.get(sessionId)!;
    source.sessions.set(sessionId, { ...before, revision: 1, suspended: true, slots: [...before.slots, { ...before.slots[0]!, number: 10 }] });
    await one.loader.sync(sessionId);
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/suspended');
    source.sessions.set(sessionId, { ...source.sessions.get(sessionId)!, revision: 2, suspended: false });
    await one.loader.sync(sessionId);
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 10 });
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/sold-out');
    await agrees(sessionId);
  });

  it('answers a repeat for a certain slot as the first time', async () => {
    const sessionId = source.add(3);
    const request = ask(sessionId, { slot: 2 });
    const first = await one.desk.reserve(request);
    expect(await one.desk.reserve(request)).toEqual(first);
    expect(await refusal(one.desk.reserve({ ...request, attemptId: newId() }))).toBe('inventory/slot-taken');
    expect(await allEvents(store)).toHaveLength(1);
  });

  it('sells a timed slot until the millisecond before it starts', async () => {
    const sessionId = source.add(3);
    const supply = source.sessions.get(sessionId)!;
    source.sessions.set(sessionId, { ...supply, slots: supply.slots.map((slot, index) => ({ ...slot, bookableUntil: `2026-03-02T09:${index}0:00.000Z` })) });
    clock.advanceTo(Date.parse('2026-03-02T08:59:59.999Z'));
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 1 });
    clock.advanceTo(Date.parse('2026-03-02T09:10:00.000Z'));
    expect(await refusal(one.desk.reserve(ask(sessionId, { slot: 2 })))).toBe('inventory/slot-taken');
    expect(await one.views.view(sessionId)).toEqual([{ number: 1, state: 'reserved' }, { number: 2, state: 'past' }, { number: 3, state: 'free' }]);
    expect(await one.desk.reserve(ask(sessionId))).toMatchObject({ slot: 3 });
    clock.advanceTo(Date.parse('2026-03-02T09:20:00.000Z'));
    expect(await refusal(one.desk.reserve(ask(sessionId)))).toBe('inventory/sold-out');
  });

  it('keeps an open slot of a large session in at most 32 bytes', async () => {
    const sessionId = source.add(100);
    await one.loader.load(sessionId);
    const bytes = await gate.client.memoryUsage(`${gate.generation}:s:{${sessionId}}`);
    expect(bytes! / 100).toBeLessThanOrEqual(32);
  });
});
