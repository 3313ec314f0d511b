import { EventStore, START, type StoredEvent, UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { APPEND_ATTEMPTS_MAX, IN_FLIGHT_MAX } from './append-queue';
import { EventStoreDbEventStore } from './event-store-db-event-store';
import { EventStoreDbDouble } from './testing/event-store-db-double';

const DEADLINE_MS = 300;

let double: EventStoreDbDouble;
let store: EventStoreDbEventStore;
beforeEach(async () => {
  double = await EventStoreDbDouble.start();
  store = await EventStoreDbEventStore.connect(double.url, { appendDeadlineMs: DEADLINE_MS });
});
afterEach(async () => {
  await store.close();
  await double.stop();
});

const event = (): StoredEvent => ({ id: crypto.randomUUID(), type: 'Sampled.v1', data: { n: 1 }, metadata: { at: '2026-01-01T00:00:00.000Z' } });
const stored = (stream: string) => double.log.streams.get(stream)?.map(({ id }) => id) ?? [];

describe('an append without an answer', () => {
  it.each(['silentAfterCommit', 'silentBeforeCommit', 'deafStreams'] as const)('is repeated and stored once: %s', async (fault) => {
    double.faults[fault] = 1;
    const sent = event();
    expect(await store.append('fault-1', 'none', [sent])).toMatchObject({ revision: 0 });
    expect(stored('fault-1')).toEqual([sent.id]);
  });

  it('takes those in flight beside it along, and none of them is lost or stored twice', async () => {
    double.faults.silentAfterCommit = 1;
    const sent = Array.from({ length: 60 }, event);
    const results = await Promise.all(sent.map((one, n) => store.append(`fault-${n}`, 'none', [one])));
    expect(results.map(({ revision }) => revision)).toEqual(sent.map(() => 0));
    expect(sent.map((_, n) => stored(`fault-${n}`))).toEqual(sent.map(({ id }) => [id]));
  });

  it('ends as unknown outcome when nobody ever answers', async () => {
    double.faults.silentAfterCommit = APPEND_ATTEMPTS_MAX;
    const sent = event();
    await expect(store.append('fault-1', 'none', [sent])).rejects.toThrow(UnknownOutcomeError);
    expect(await store.append('fault-1', 'none', [sent])).toMatchObject({ revision: 0 });
    expect(stored('fault-1')).toEqual([sent.id]);
  });
});

describe('a shared stream that fails after it stored', () => {
  it('rejects nobody for good: each append is stored once, conflicts stay conflicts', async () => {
    const taken = event();
    await store.append('fault-taken', 'none', [taken]);
    double.faults.failAfterCommit = 3;
    const sent = Array.from({ length: 40 }, event);
    const conflict = store.append('fault-taken', 'none', [event()]);
    const results = await Promise.all([...sent.map((one, n) => store.append(`fault-${n}`, 'none', [one])), expect(conflict).rejects.toThrow(WrongRevisionError)]);
    expect(results).toHaveLength(41);
    expect(sent.map((_, n) => stored(`fault-${n}`))).toEqual(sent.map(({ id }) => [id]));
    expect(stored('fault-taken')).toEqual([taken.id]);
  });
});

it('a conflict names the revision that the stream really has', async () => {
  await store.append('fault-1', 'none', [event(), event(), event()]);
  await expect(store.append('fault-1', 0, [event()])).rejects.toMatchObject({ stream: 'fault-1', expected: 0, actual: 2 });
  await expect(store.append('fault-2', 0, [event()])).rejects.toMatchObject({ actual: undefined });
});

it(`a thousand appends at once and a server that dies among them do not end the process`, async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const sent = Array.from({ length: 1_000 }, event);
  const appends = sent.map((one, n) => store.append(`fault-${n}`, 'none', [one]));
  for (let breaks = 0; breaks < 3; breaks++) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    await double.breakConnections();
  }
  const results = await Promise.allSettled(appends);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', note);
  expect([results.filter(({ status }) => status === 'rejected'), unhandled]).toEqual([[], []]);
  expect(sent.map((_, n) => stored(`fault-${n}`))).toEqual(sent.map(({ id }) => [id]));
  expect(IN_FLIGHT_MAX).toBeLessThan(16);
}, 60_000);

it('what the server writes for itself is not in the log', async () => {
  for (let n = 0; n < 30; n++) await store.append(`fault-${n}`, 'none', [event()]);
  expect(double.log.all.filter(({ type }) => type.startsWith('$')).length).toBeGreaterThan(3);
  const page = await store.readAll(START, { max: 5_000 });
  expect([page.events.length, page.events.every(({ type }) => type === 'Sampled.v1'), page.atEnd]).toEqual([30, true, true]);
  await expect(store.append('$mine-1', 'none', [event()])).rejects.toMatchObject({ code: 'talon/invalid-input' });
});

it('a live subscription shortens the wait for news from elsewhere', async () => {
  const seen: string[] = [];
  const subscription = store.subscribe(await store.head(), {}, async (events) => void seen.push(...events.map(({ id }) => id)));
  await new Promise((resolve) => setTimeout(resolve, 600));
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    // Written behind the store's back, as another process would.
    const { id } = event();
    const began = performance.now();
    double.log.append(`elsewhere-${n}`, 'none', [{ id, type: 'Sampled.v1', contentType: 'application/json', data: Buffer.from('{}'), metadata: Buffer.from('{}') }]);
    while (!seen.includes(id) && performance.now() - began < 5_000) await new Promise((resolve) => setTimeout(resolve, 2));
    waits.push(performance.now() - began);
  }
  await subscription.stop();
  // Polling alone would take 125 ms in the middle of the field; a hint takes a few.
  expect(waits.sort((a, b) => a - b)[2]).toBeLessThan(100);
});

it('an old server without BatchAppend will do', async () => {
  await store.close();
  const old = await EventStoreDbDouble.start({ batches: false });
  const onOld = await EventStoreDbEventStore.connect(old.url);
  const [first, second] = [event(), event()];
  const answer = await onOld.append('old-1', 'none', [first, second]);
  expect(await onOld.append('old-1', 'none', [first, second])).toEqual(answer);
  await expect(onOld.append('old-1', 'none', [event()])).rejects.toMatchObject({ name: 'WrongRevisionError', actual: 1 });
  await expect(onOld.append('old-2', 3, [event()])).rejects.toThrow(WrongRevisionError);
  expect(await onOld.append('old-1', 'exists', [event()])).toMatchObject({ revision: 2 });
  expect([old.calls.append, old.calls.batchAppend]).toEqual([5, 0]);
  await onOld.close();
  await old.stop();
});

it('one process uses one EventStoreDB', async () => {
  const other = await EventStoreDbDouble.start();
  await expect(EventStoreDbEventStore.connect(other.url)).rejects.toThrow('one process can use one EventStoreDB only');
  await other.stop();
});

it('is an event store, and never loads the successor of the client, whose classes would overwrite its own', () => {
  expect(store).toBeInstanceOf(EventStore);
  const loaded = Object.keys(require.cache);
  expect([loaded.some((path) => path.includes('/@eventstore/')), loaded.some((path) => path.includes('/@kurrent/'))]).toEqual([true, false]);
});
