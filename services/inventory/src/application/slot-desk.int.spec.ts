import type { ReserveSlot, SessionSupply } from '@talon/contracts';
import { InMemoryEventStore, type RecordedEvent, type StoredEvent, UnknownOutcomeError, type ExpectedRevision } from '@talon/event-sourcing';
import { deriveId, isDomainError, ManualClock, newId } from '@talon/kernel';
import { RedisGate } from '@talon/redis';
import { startRedis } from '@talon/testing';
import { RedisSlotStore } from '../adapters/redis/redis-slot-store';
import { SupplySource } from './ports';
import { SessionLoader } from './session-loader';
import { SessionViews } from './session-views';
import { SlotDesk } from './slot-desk';

const NOW = '2026-03-02T08:00:00.000Z';
const HOSPITAL = deriveId('hospital', 'one');

/** The log in memory, slow as a disk, with faults that a spec orders. */
class SlowStore extends InMemoryEventStore {
  delayMs = 1;
  /** Events go in, but the caller is not told, so often. */
  loseAnswers = 0;
  /** Appends after this many hang for ever: the process was killed there. */
  dieBeforeAppend = false;
  override async append(stream: string, expected: ExpectedRevision, events: StoredEvent[]) {
    if (this.dieBeforeAppend) return new Promise<never>(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * this.delayMs));
    const result = await super.append(stream, expected, events);
    if (this.loseAnswers > 0) {
      this.loseAnswers--;
      throw new UnknownOutcomeError('the answer got lost');
    }
    return result;
  }
}

class Supplies extends SupplySource {
  readonly sessions = new Map<string, SessionSupply>();
  override async supply(sessionId: string) {
    return this.sessions.get(sessionId) ?? null;
  }
  /** Tickets from 09:00 to 12:00 on 2026-03-02. */
  add(capacity: number, change: Partial<SessionSupply> = {}): string {
    const sessionId = newId();
    const startsAt = '2026-03-02T09:00:00.000Z';
    const endsAt = '2026-03-02T12:00:00.000Z';
    const slots = Array.from({ length: capacity }, (_, index) => ({ number: index + 1, startsAt, endsAt, bookableUntil: endsAt }));
    this.sessions.set(sessionId, { sessionId, hospitalId: HOSPITAL, revision: 0, suspended: false, opensAt: null, endsAt, slots, ...change });
    return sessionId;
  }
}

/** One process of inventory. */
function inventoryProcess(gate: RedisGate, store: InMemoryEventStore, source: Supplies, clock: ManualClock) {
  const slots = new RedisSlotStore(gate, clock);
  const loader = new SessionLoader(store, slots, source);
  return { slots, loader, desk: new SlotDesk(store, slots, loader, clock), views: new SessionViews(slots, loader, clock) };
}

const metadata = { at: NOW };
const ask = (sessionId: string, more: Partial<ReserveSlot> = {}): ReserveSlot => ({ sessionId, bookingId: newId(), attemptId: newId(), metadata, ...more });
const until = async (done: () => Promise<boolean>, timeoutMs = 15_000) => {
  const deadline = performance.now() + timeoutMs;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

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

  const all = async (): Promise<RecordedEvent[]> => (await store.readAll(-1, { max: 5_000 })).events;
  /** Who has which slot, by the log; fails when two have one. */
  const owners = async (sessionId: string): Promise<Map<number, string>> => {
    const taken = new Map<number, string>();
    for (const { type, stream, data } of await all()) {
      const { slot, bookingId } = data as { slot: number; bookingId: string };
      if (!stream.startsWith(`slot-${sessionId}_`)) continue;
      if (type === 'SlotHeld.v1' || type === 'SlotReserved.v1') {
        expect(taken.has(slot)).toBe(false);
        taken.set(slot, bookingId);
      }
      if (type === 'SlotReleased.v1' || type === 'HoldExpired.v1') expect(taken.delete(slot)).toBe(true);
    }
    return taken;
  };
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
    } catch (error) {
      if (isDomainError(error)) return error.code;
      throw error;
    }
    return 'not refused';
  };
  const agrees = (sessionId: string) => until(async () => (await one.loader.drift(sessionId)).length === 0);

  it('gives 7 places to 500 contenders of two processes exactly 7 times', async () => {
    const sessionId = source.add(7);
    const two = inventoryProcess(gate, store, source, clock);
    const asked = Array.from({ length: 500 }, () => ask(sessionId));
    const answers = await Promise.allSettled(asked.map((request, index) => (index % 2 ? one : two).desk.reserve(request)));
    const won = answers.flatMap((answer, index) => (answer.status === 'fulfilled' ? [[answer.value.slot, asked[index]!.bookingId] as const] : []));
    expect(won.map(([slot]) => slot).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Map(won.toSorted(([a], [b]) => a - b))).toEqual(new Map([...(await owners(sessionId))].toSorted(([a], [b]) => a - b)));
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
    expect((await owners(sessionId)).size).toBe(1);
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
    expect(await all()).toHaveLength(1);
  });

  it('answers a repeat for a certain slot as the first time', async () => {
    const sessionId = source.add(3);
    const request = ask(sessionId, { slot: 2 });
    const first = await one.desk.reserve(request);
    expect(await one.desk.reserve(request)).toEqual(first);
    expect(await refusal(one.desk.reserve({ ...request, attemptId: newId() }))).toBe('inventory/slot-taken');
    expect(await all()).toHaveLength(1);
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
    expect([...(await owners(sessionId)).keys()]).toEqual([1, 2]);
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
    expect((await owners(sessionId)).size).toBe(1);
  });

  it.each([
    ['SCRIPT FLUSH', () => gate.client.scriptFlush()],
    ['FLUSHALL', () => gate.client.flushAll()],
    ['a restart of Redis', () => redis.restart()],
  ])('sells every slot exactly once with %s in mid-sale, and goes on by itself', async (_what, disturb) => {
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
    const byLog = await owners(sessionId);
    for (const [slot, bookingId] of sold) expect(byLog.get(slot)).toBe(bookingId);
    expect(sold.size).toBe(capacity);
    expect(byLog.size).toBe(capacity);
  }, 60_000);

  it('keeps an open slot of a large session in at most 32 bytes', async () => {
    const sessionId = source.add(100);
    await one.loader.load(sessionId);
    const bytes = await gate.client.memoryUsage(`${gate.generation}:s:{${sessionId}}`);
    expect(bytes! / 100).toBeLessThanOrEqual(32);
  });
});
