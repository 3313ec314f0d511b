import { batched } from './batch';

const flights: { items: number[]; land(): void; crash(error: Error): void }[] = [];
const run = (items: number[]) =>
  new Promise<number[]>((resolve, reject) => flights.push({ items, land: () => resolve(items.map((item) => item * 10)), crash: reject }));
const tick = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
beforeEach(() => flights.splice(0));

it('calls of one tick travel together, later ones when the first batch is back', async () => {
  const call = batched(10, run);
  const first = [call(1), call(2)];
  await tick();
  const second = call(3);
  await tick();
  expect(flights.map(({ items }) => items)).toEqual([[1, 2]]);
  flights[0]!.land();
  expect(await Promise.all(first)).toEqual([10, 20]);
  await tick();
  flights[1]!.land();
  expect(await second).toBe(30);
});

it('a batch has its maximum, and what does not fit waits', async () => {
  const call = batched(2, run, (item, chosen) => !chosen.includes(item));
  const calls = [call(1), call(1), call(2), call(3)];
  for (let flight = 0; flight < 2; flight++) {
    await tick();
    flights[flight]!.land();
  }
  expect(await Promise.all(calls)).toEqual([10, 10, 20, 30]);
  expect(flights.map(({ items }) => items)).toEqual([[1, 2], [1, 3]]);
});

it('a failure rejects its own batch only', async () => {
  const call = batched(10, run);
  const failing = call(1);
  await tick();
  const next = call(2);
  flights[0]!.crash(new Error('down'));
  await expect(failing).rejects.toThrow('down');
  await tick();
  flights[1]!.land();
  expect(await next).toBe(20);
});
