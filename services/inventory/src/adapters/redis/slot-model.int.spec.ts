import { RedisGate } from '@talon/redis';
import { startRedis } from '@talon/testing';
import { FastCopyModel, type Ask, type CopySupply, type SessionCopy, type SlotMark } from '../../domain/session-copy';
import { loadSession, readSession, settleSlots, syncSession, takeSlots } from './slot-scripts';

const SEEDS = [1, 2, 3, 4, 5];
const STEPS = 3_000;
const SESSIONS = ['a', 'b', 'c'];
const SLOTS_MAX = 20;
const DAY = Date.parse('2026-03-02T00:00:00.000Z');
const HOUR = 3_600_000;

/** mulberry32: small, good enough, and the same everywhere. */
function random(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (max: number) => Math.floor(next() * max);
  return { below, pick: <T>(from: readonly T[]): T => from[below(from.length)] as T };
}

/** Runs the same random steps against Redis and against the model; answers and final contents must be equal at every step. */
async function compare(gate: RedisGate, seed: number) {
  const { below, pick } = random(seed);
  const model = new FastCopyModel();
  let nowMs = DAY;
  let leaseNowMs = 1_000_000;
  await gate.client.flushAll();

  const slots = () =>
    Array.from({ length: SLOTS_MAX }, (_, index) => index + 1)
      .filter(() => below(4) > 0)
      .map((number) => {
        const startsAtMs = DAY + number * HOUR;
        return { number, startsAtMs, endsAtMs: startsAtMs + HOUR, bookableUntilMs: pick([startsAtMs, DAY + 30 * HOUR]) };
      });
  const supply = (sessionId: string): CopySupply => ({
    sessionId,
    revision: below(12),
    suspended: below(8) === 0,
    opensAtMs: pick([0, 0, 0, DAY + below(6) * HOUR]),
    endsAtMs: DAY + (24 + below(8)) * HOUR,
    slots: slots(),
  });
  const marks: SlotMark[] = ['free', 'held', 'reserved', 'withdrawn'];
  const load = (sessionId: string): SessionCopy => {
    const { slots: supplied, ...rest } = supply(sessionId);
    const records = supplied.map((slot) => ({ ...slot, mark: pick(marks), revision: below(4) - 1 }));
    return { ...rest, epoch: below(1_000), hospitalId: `hospital-${below(3)}`, slots: records };
  };
  const asks = (): Ask[] =>
    Array.from({ length: 1 + below(6) }, () => ({ slot: pick([0, 0, below(SLOTS_MAX + 3)]), as: pick(['held', 'reserved'] as const) }));

  for (let step = 0; step < STEPS; step++) {
    const sessionId = pick(SESSIONS);
    const what = below(100);
    let real: unknown;
    let expected: unknown;
    if (what < 6) {
      const copy = load(sessionId);
      [real, expected] = [await gate.run(loadSession, copy), model.load(copy)];
    } else if (what < 46) {
      const request = { sessionId, asks: asks(), sale: below(6) > 0, nowMs, leaseNowMs };
      real = await gate.run(takeSlots, request);
      expected = model.take(sessionId, request.asks, request.sale, nowMs, leaseNowMs);
    } else if (what < 80) {
      const settlements = Array.from({ length: 1 + below(5) }, () => ({ slot: below(SLOTS_MAX + 3), mark: pick(marks), revision: below(9) - 1 }));
      [real, expected] = [await gate.run(settleSlots, { sessionId, settlements }), model.settle(sessionId, settlements)];
    } else if (what < 88) {
      const newer = supply(sessionId);
      [real, expected] = [await gate.run(syncSession, newer), model.sync(newer)];
    } else if (what < 98) {
      // Often exactly at the edge of a slot.
      nowMs = pick([nowMs + below(10) * 60_000, Math.ceil(nowMs / HOUR) * HOUR]);
      leaseNowMs += below(6_000);
    } else if (what === 99 && below(12) === 0) {
      await gate.client.flushAll();
      model.forget();
      nowMs = DAY;
    }
    const where = `seed ${seed}, step ${step}`;
    same({ where, answer: real }, { where, answer: expected });
    const after = await gate.run(readSession, { sessionId, leaseNowMs });
    same({ where, copy: after?.copy ?? null }, { where, copy: sorted(model.read(sessionId)) });
  }
}

/** Jest's own comparison takes most of the time; it is for showing a difference. */
function same(real: unknown, expected: unknown) {
  const plain = (value: unknown) => JSON.stringify(value, (_, item: unknown) => (isRecord(item) ? Object.fromEntries(Object.entries(item).sort()) : item));
  if (plain(real) !== plain(expected)) expect(real).toEqual(expected);
}
const isRecord = (item: unknown): item is object => typeof item === 'object' && item !== null && !Array.isArray(item);

const sorted = (copy: SessionCopy | null) => copy && { ...copy, slots: copy.slots.toSorted((a, b) => a.number - b.number) };

describe('the scripts do what the model does', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let gate: RedisGate;
  beforeAll(async () => {
    redis = await startRedis();
    gate = await RedisGate.connect(redis.url);
  });
  afterAll(async () => {
    await gate.close();
    await redis.stop();
  });

  it.each(SEEDS)(`over ${STEPS} random steps, seed %i`, (seed) => compare(gate, seed), 180_000);
});
