import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '@talon/testing';
import { luaCommand, unknownReply } from './lua-command';
import { RedisGate } from './redis-gate';

const dir = mkdtempSync(join(tmpdir(), 'talon-lua-'));
const script = (name: string, source: string) => {
  writeFileSync(join(dir, `${name}.lua`), source);
  return luaCommand<{ key: string; by: number }, number>(dir, `${name}.lua`, {
    keys: ({ key }) => [key],
    args: ({ by }) => [by],
    reply: (tag, [total]) => (tag === 'added' ? Number(total) : unknownReply(tag)),
  });
};
const add = script('add-number', "return { 'added', redis.call('INCRBY', KEYS[1], ARGV[1]) }");
const forever = script('wait-forever', "while true do if redis.call('TIME')[1] == ARGV[1] then break end end");
const strange = script('answer-strangely', "return { 'surprise' }");

describe('the gate to Redis', () => {
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

  it('puts the generation of the server in front of every key', async () => {
    expect(await gate.run(add, { key: 'a', by: 2 })).toBe(2);
    expect(await gate.client.get(`${gate.generation}:a`)).toBe('2');
  });

  it('goes on after SCRIPT FLUSH, 50 commands at once', async () => {
    await gate.client.scriptFlush();
    const totals = await Promise.all(Array.from({ length: 50 }, () => gate.run(add, { key: 'flushed', by: 1 })));
    expect(totals.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('throws on a tag that the wrapper does not know', async () => {
    await expect(gate.run(strange, { key: 'a', by: 1 })).rejects.toThrow('unknown tag surprise');
  });

  it('refuses what was in flight when the server died, waits for its return, and believes nothing of the old one', async () => {
    const before = gate.generation;
    const inFlight = gate.run(forever, { key: 'a', by: 0 });
    const refused = expect(inFlight).rejects.toMatchObject({ code: 'talon/unavailable' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    // A busy server does not listen to a polite signal.
    process.kill(redis.pid, 'SIGKILL');
    await refused;
    await redis.restart();
    expect(await gate.run(add, { key: 'a', by: 7 })).toBe(7);
    expect(gate.generation).not.toBe(before);
  }, 15_000);

  it('refuses after a second when the server stays away, and recovers by itself', async () => {
    await redis.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedMs = performance.now();
    await expect(gate.run(add, { key: 'a', by: 1 })).rejects.toMatchObject({ code: 'talon/unavailable' });
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    await redis.restart();
    expect(await gate.run(add, { key: 'back', by: 1 })).toBe(1);
  }, 15_000);
});
