import type { RecordedEvent } from '@talon/event-sourcing';
import { type ContractSubject, appended, disorder, eventually, newStream, sample } from './event-store-contract.samples';

/** Follows from `after` and remembers what it got. */
const collector = () => {
  const events: RecordedEvent[] = [];
  return { events, handle: async (batch: RecordedEvent[]) => void events.push(...batch) };
};

export function subscriptionContract(subject: () => ContractSubject): void {
  const store = () => subject().store;

  it('catches up, then follows live, in order and once', async () => {
    const start = await store().head();
    await appended(store(), newStream(), 50);
    const { events, handle } = collector();
    const subscription = store().subscribe(start, { batchMax: 20 }, handle);
    expect(await eventually(() => events.length === 50)).toBe(true);
    for (let index = 0; index < 5; index++) await appended(store(), newStream(), 10);
    expect(await eventually(() => events.length === 100)).toBe(true);
    await subscription.stop();
    expect(disorder(events)).toEqual([]);
  }, 60_000);

  it('sees what another instance appends', async () => {
    const other = await subject().another();
    const { events, handle } = collector();
    const subscription = store().subscribe(await store().head(), {}, handle);
    await appended(other, newStream(), 3);
    expect(await eventually(() => events.length === 3)).toBe(true);
    await subscription.stop();
  }, 60_000);

  it('delivers only what matches', async () => {
    const { events, handle } = collector();
    const subscription = store().subscribe(await store().head(), { filter: { types: ['Wanted.v1'] }, batchMax: 2 }, handle);
    const stream = newStream();
    await store().append(stream, 'none', Array.from({ length: 12 }, (_, n) => sample({ n }, n % 3 === 0 ? 'Wanted.v1' : 'Other.v1')));
    expect(await eventually(() => events.length === 4)).toBe(true);
    await subscription.stop();
    expect(events.map(({ revision }) => revision)).toEqual([0, 3, 6, 9]);
  }, 60_000);

  it('gives the same batch again to a handler that threw, and nothing later before it', async () => {
    const start = await store().head();
    await appended(store(), newStream(), 6);
    const batches: number[][] = [];
    let failures = 3;
    const subscription = store().subscribe(start, { batchMax: 2 }, async (batch) => {
      batches.push(batch.map(({ revision }) => revision));
      if (batch[0]!.revision === 2 && failures-- > 0) throw new Error('not now');
    });
    expect(await eventually(() => batches.flat().includes(5))).toBe(true);
    await subscription.stop();
    expect(batches.filter((batch) => batch[0] === 2).length).toBe(4);
    expect(new Set(batches.map((batch) => batch.join()))).toEqual(new Set(['0,1', '2,3', '4,5']));
    expect(batches.map((batch) => batch[0]!)).toEqual([0, 2, 2, 2, 2, 4]);
  }, 60_000);

  it('delivers nothing once stopped, and stop waits for the handler', async () => {
    const start = await store().head();
    await appended(store(), newStream(), 2);
    let running = false;
    let calls = 0;
    const subscription = store().subscribe(start, { batchMax: 1 }, async () => {
      calls++;
      running = true;
      await new Promise((resolve) => setTimeout(resolve, 50));
      running = false;
    });
    expect(await eventually(() => running)).toBe(true);
    await subscription.stop();
    expect(running).toBe(false);
    await appended(store(), newStream(), 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(calls).toBe(1);
  }, 60_000);

  it('survives broken connections: everything appended meanwhile arrives, once and in order', async () => {
    const { events, handle } = collector();
    const subscription = store().subscribe(await store().head(), { batchMax: 7 }, handle);
    const streams = Array.from({ length: 5 }, newStream);
    for (const stream of streams) {
      await appended(store(), stream, 10);
      await subject().breakConnections?.();
    }
    expect(await eventually(() => events.length >= 50)).toBe(true);
    await subscription.stop();
    expect(events.length).toBe(50);
    expect(disorder(events)).toEqual([]);
  }, 60_000);
}
