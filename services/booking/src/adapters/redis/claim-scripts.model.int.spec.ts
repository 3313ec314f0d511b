import { RedisGate } from '@talon/redis';
import { type TestServer, startRedis } from '@talon/testing';
import * as model from '../../domain/claims';
import { beginLoad, checkClaim, claimDay, dropClaims, finishLoad } from './claim-scripts';

const SEEDS = [1, 2, 3, 4, 5];
const STEPS = 1_000;
const DATES = ['2026-03-01', '2026-03-02', '2026-03-03'];

let server: TestServer;
let gate: RedisGate;
beforeAll(async () => {
  server = await startRedis();
  gate = await RedisGate.connect(server.url);
}, 30_000);
afterAll(async () => {
  await gate?.close();
  await server?.stop();
});

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number) {
  return (below: number) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 4294967296) * below | 0;
  };
}

/** Patients of one shard, so that loads and claims meet. */
function patientsOfOneShard(count: number): string[] {
  const shard = model.claimShard('00000000-0000-4000-8000-000000000000');
  const found: string[] = [];
  for (let i = 0; found.length < count; i++) {
    const id = `${i.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
    if (model.claimShard(id) === shard) found.push(id);
  }
  return found;
}

describe.each(SEEDS)('claim scripts and their model, seed %i', (seed) => {
  it(`answer the same over ${STEPS} random steps`, async () => {
    await gate.client.flushAll();
    const random = randomFrom(seed);
    const patients = patientsOfOneShard(3);
    const number = model.claimShard(patients[0]!);
    let shard = model.emptyShard();
    const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
    const claimOf = (): model.Claim => ({ bookingId: `${random(6)}1111111-1111-8111-8111-111111111111`, date: pick(DATES), dayMoves: random(3) });
    const seen = new Set<string>();

    const steps: (() => Promise<[unknown, unknown]>)[] = [
      async () => {
        const [patientId, claim, limit, nowMs] = [pick(patients), claimOf(), 1 + random(3), random(1000)];
        const expected = model.claimDay(shard, patientId, claim, limit, nowMs);
        const answer = await gate.run(claimDay, { patientId, claim, limit, nowMs });
        seen.add(answer.tag);
        return [answer.tag === 'limit' ? { tag: 'limit', counted: answer.counted.map(([field]) => field).sort() } : answer,
          expected.tag === 'limit' ? { ...expected, counted: [...expected.counted].sort() } : expected];
      },
      async () => {
        const [patientId, claim] = [pick(patients), claimOf()];
        return [await gate.run(checkClaim, { patientId, claim }), model.holdsClaim(shard, patientId, claim)];
      },
      async () => {
        const [patientId, claim] = [pick(patients), claimOf()];
        return [await gate.run(dropClaims, { patientId, claims: [claim] }), Number(model.dropClaim(shard, patientId, claim))];
      },
      async () => {
        const token = `t${random(3)}`;
        model.beginLoad(shard, token);
        return [await gate.run(beginLoad, { shard: number, token, nowMs: 1 }), undefined];
      },
      async () => {
        const [token, epoch] = [`t${random(3)}`, random(100)];
        const claims = Array.from({ length: random(5) }, () => ({ patientId: pick(patients), claim: claimOf() }));
        const byPatient = new Map<string, model.Claim[]>();
        for (const { patientId, claim } of claims) byPatient.set(patientId, [...(byPatient.get(patientId) ?? []), claim]);
        const expected = model.finishLoad(shard, token, epoch, claims);
        seen.add(expected);
        return [await gate.run(finishLoad, { shard: number, token, epoch, patients: byPatient }), expected];
      },
    ];

    for (let step = 0; step < STEPS; step++) {
      if (random(150) === 0) {
        shard = model.emptyShard();
        await gate.client.flushAll();
        continue;
      }
      const [answer, expected] = await pick([steps[0]!, ...steps])();
      expect({ seed, step, answer }).toEqual({ seed, step, answer: expected });
    }
    expect([...seen].sort()).toEqual(['already', 'claimed', 'exists', 'limit', 'loaded', 'lost', 'not-loaded']);
  }, 60_000);
});

it('every key has an end', async () => {
  await gate.client.flushAll();
  const [patientId] = patientsOfOneShard(1) as [string];
  const claim = { bookingId: '11111111-1111-8111-8111-111111111111', date: '2026-03-01', dayMoves: 0 };
  const shard = model.claimShard(patientId);
  await gate.run(beginLoad, { shard, token: 'a', nowMs: 1 });
  await gate.run(beginLoad, { shard, token: 'b', nowMs: 1 });
  await gate.run(finishLoad, { shard, token: 'a', epoch: 1, patients: new Map([[patientId, [claim]]]) });
  await gate.run(claimDay, { patientId, claim: { ...claim, dayMoves: 1 }, limit: 2, nowMs: 1 });
  const keys = await gate.client.keys('*');
  const lives = new Map(await Promise.all(keys.map(async (key) => [key.slice(key.indexOf('}:') + 2), await gate.client.pTTL(key)] as const)));
  expect([...lives.keys()].sort()).toEqual([patientId, 'loaded', 'loads'].sort());
  expect(lives.get(patientId)!).toBeGreaterThan(lives.get('loaded')!);
  expect(Math.min(...lives.values())).toBeGreaterThan(0);
});
