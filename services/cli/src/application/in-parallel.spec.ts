import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from './in-parallel';

describe('working in parallel', () => {
  it('keeps the order within a lane and never overlaps it', async () => {
    const log: string[] = [];
    const items = [{ lane: 'a', n: 1, ms: 15 }, { lane: 'a', n: 2, ms: 0 }, { lane: 'b', n: 3, ms: 0 }];
    await inParallel(items, { limit: 3, laneOf: (item) => item.lane }, async ({ n, ms }) => {
      log.push(`start ${n}`);
      await sleep(ms);
      log.push(`end ${n}`);
    });
    expect(log.indexOf('end 1')).toBeLessThan(log.indexOf('start 2'));
    expect(log.indexOf('start 3')).toBeLessThan(log.indexOf('end 1'));
  });

  it('never runs more than the limit at once', async () => {
    let now = 0;
    let most = 0;
    await inParallel(Array.from({ length: 20 }, (_, i) => i), { limit: 4 }, async () => {
      most = Math.max(most, ++now);
      await sleep(1);
      now--;
    });
    expect(most).toBe(4);
  });

  it('throws the first failure and takes nothing more', async () => {
    const done: number[] = [];
    const work = inParallel([1, 2, 3, 4], { limit: 1 }, async (n) => {
      if (n === 2) throw new Error('two');
      done.push(n);
    });
    await expect(work).rejects.toThrow('two');
    expect(done).toEqual([1]);
  });
});
