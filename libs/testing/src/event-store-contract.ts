import { type AppendResult, type EventStore, START, WrongRevisionError } from '@talon/event-sourcing';
import { newId } from '@talon/kernel';
import { concurrencyContract } from './event-store-contract.concurrency';
import { type ContractSubject, appended, newStream, readOn, sample } from './event-store-contract.samples';
import { subscriptionContract } from './event-store-contract.subscription';

export type { ContractSubject } from './event-store-contract.samples';

/**
 * What every event store must do, run in a Jest spec on each of them. The log may hold events of others: every test uses streams of its own and
 * reads on from the head it found.
 * @param open called once per suite
 */
export function eventStoreContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`event store contract: ${name}`, () => {
    let subject: ContractSubject;
    beforeAll(async () => {
      subject = await open();
    }, 60_000);
    afterAll(() => subject.close(), 60_000);
    const store = () => subject.store;

    describe('expected revisions', () => expectationContract(store));
    describe('repeats', () => repeatContract(store));
    describe('neighbours in a batch', () => isolationContract(store));
    describe('what is stored', () => contentContract(store));
    describe('reading streams', () => streamContract(store));
    describe('reading everything', () => readAllContract(store));
    describe('subscriptions', () => subscriptionContract(() => subject));
    describe('many at once', () => concurrencyContract(() => subject));
  });
}

function expectationContract(store: () => EventStore) {
  it('none creates a stream and is refused once it exists', async () => {
    const stream = newStream();
    expect((await store().append(stream, 'none', [sample(), sample()])).revision).toBe(1);
    await expect(store().append(stream, 'none', [sample()])).rejects.toThrow(WrongRevisionError);
    expect(await store().readStream(stream)).toHaveLength(2);
  });

  it('an exact revision must be the last one: neither lower, nor higher, nor of a stream that does not exist', async () => {
    const stream = newStream();
    await store().append(stream, 'none', [sample(), sample()]);
    await expect(store().append(stream, 0, [sample()])).rejects.toThrow(WrongRevisionError);
    await expect(store().append(stream, 2, [sample()])).rejects.toThrow(WrongRevisionError);
    await expect(store().append(newStream(), 0, [sample()])).rejects.toThrow(WrongRevisionError);
    expect((await store().append(stream, 1, [sample()])).revision).toBe(2);
    expect(await store().readStream(stream)).toHaveLength(3);
  });

  it('exists appends to whatever is there and is refused when nothing is', async () => {
    const stream = newStream();
    await expect(store().append(stream, 'exists', [sample()])).rejects.toThrow(WrongRevisionError);
    await store().append(stream, 'none', [sample()]);
    expect((await store().append(stream, 'exists', [sample(), sample()])).revision).toBe(2);
    expect((await store().append(stream, 'exists', [sample()])).revision).toBe(3);
  });

  it('positions grow from append to append and name the last event', async () => {
    const stream = newStream();
    const first = await store().append(stream, 'none', [sample(), sample()]);
    const second = await store().append(newStream(), 'none', [sample()]);
    expect(second.position).toBeGreaterThan(first.position);
    expect((await store().readStream(stream)).at(-1)!.position).toBe(first.position);
    expect(await store().head()).toBe(second.position);
  });

  it('takes 500 events at once and refuses 0, 501 and two with one id', async () => {
    const stream = newStream();
    const many = Array.from({ length: 501 }, () => sample());
    await expect(store().append(stream, 'none', [])).rejects.toMatchObject({ code: 'talon/invalid-input' });
    await expect(store().append(stream, 'none', many)).rejects.toMatchObject({ code: 'talon/invalid-input' });
    await expect(store().append(stream, 'none', [many[0]!, many[0]!])).rejects.toMatchObject({ code: 'talon/invalid-input' });
    expect(await store().append(stream, 'none', many.slice(0, 500))).toMatchObject({ revision: 499 });
  });
}

function repeatContract(store: () => EventStore) {
  it('answers as the first time and stores nothing, for each kind of expectation', async () => {
    const stream = newStream();
    const [created, added, extended] = [[sample(), sample()], [sample(), sample()], [sample()]];
    const answers = [await store().append(stream, 'none', created), await store().append(stream, 1, added), await store().append(stream, 'exists', extended)];
    expect(await store().append(stream, 'exists', extended)).toEqual(answers[2]);
    expect(await store().append(stream, 1, added)).toEqual(answers[1]);
    expect(await store().append(stream, 'none', created)).toEqual(answers[0]);
    expect(await store().readStream(stream)).toHaveLength(5);
  });

  it('also when the stream has moved on', async () => {
    const stream = newStream();
    const [created, extended] = [[sample()], [sample(), sample()]];
    const first = await store().append(stream, 'none', created);
    const second = await store().append(stream, 'exists', extended);
    for (let revision = 2; revision < 6; revision++) await store().append(stream, revision, [sample()]);
    expect(await store().append(stream, 'none', created)).toEqual(first);
    expect(await store().append(stream, 'exists', extended)).toEqual(second);
    expect(await store().readStream(stream)).toHaveLength(7);
  });

  it.each(['none', 1, 'exists'] as const)('also 20 times at once, expecting %s', async (expected) => {
    const stream = newStream();
    if (expected !== 'none') await store().append(stream, 'none', [sample(), sample()]);
    const events = [sample(), sample()];
    const answers = await Promise.all(Array.from({ length: 20 }, () => store().append(stream, expected, events)));
    expect(new Set(answers.map((answer) => JSON.stringify([answer.revision, answer.position])))).toHaveProperty('size', 1);
    expect(await store().readStream(stream)).toHaveLength(expected === 'none' ? 2 : 4);
  });

  it('of many streams at once, each with its own first answer', async () => {
    const appends = Array.from({ length: 30 }, (_, index) => ({ stream: newStream(), events: Array.from({ length: 1 + (index % 3) }, () => sample()) }));
    const all = () => Promise.all(appends.map(({ stream, events }) => store().append(stream, 'none', events)));
    const first = await all();
    expect(await all()).toEqual(first);
  });

  it('the same first event with another second one is no repeat', async () => {
    const stream = newStream();
    const first = sample();
    await store().append(stream, 'none', [first, sample()]);
    await expect(store().append(stream, 'none', [first, sample()])).rejects.toThrow(WrongRevisionError);
    expect(await store().readStream(stream)).toHaveLength(2);
  });
}

function isolationContract(store: () => EventStore) {
  it('a conflict fails its own append only', async () => {
    const streams = Array.from({ length: 60 }, newStream);
    await Promise.all(streams.map((stream) => store().append(stream, 'none', [sample()])));
    const results = await Promise.allSettled(streams.map((stream, index) => store().append(stream, index % 3 === 0 ? 'none' : 0, [sample(), sample()])));
    results.forEach((result, index) => {
      if (index % 3 === 0) expect(result).toMatchObject({ status: 'rejected', reason: { name: 'WrongRevisionError', stream: streams[index] } });
      else expect(result).toMatchObject({ status: 'fulfilled', value: { revision: 2 } });
    });
    const kept = await store().readStreams(streams);
    expect(streams.map((stream) => kept.get(stream)!.length)).toEqual(streams.map((_, index) => (index % 3 === 0 ? 1 : 3)));
  });

  it('an append that cannot be stored fails alone too', async () => {
    const bad = store().append(newStream(), 'none', [sample({ text: 'a\u0000b' })]);
    const good = [newStream(), newStream()].map((stream) => store().append(stream, 'none', [sample()]));
    await expect(bad).rejects.toMatchObject({ code: 'talon/invalid-input' });
    await expect(Promise.all(good)).resolves.toHaveLength(2);
  });

  it('of appends to one stream at the same moment exactly one creates it', async () => {
    const stream = newStream();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => store().append(stream, 'none', [sample()])));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await store().readStream(stream)).toHaveLength(1);
  });

  it('appends to one stream that only needs to exist all find their place', async () => {
    const stream = newStream();
    await store().append(stream, 'none', [sample()]);
    const results = await Promise.all(Array.from({ length: 20 }, () => store().append(stream, 'exists', [sample(), sample()])));
    expect(results.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => 2 * index + 2));
    expect((await store().readStream(stream)).map(({ revision }) => revision)).toEqual(Array.from({ length: 41 }, (_, index) => index));
  });
}

function contentContract(store: () => EventStore) {
  it.each([
    ['text of any script, quotes, backslashes', { text: 'Müller "Ана" \\ 李 😀 {a,b} $1 \' %s\n\t\r' }],
    ['control characters that separate things elsewhere', { text: '\u001e\u001f\u0001\u007f\u2028' }],
    ['text that looks like an escaped NUL', { text: '\\u0000', '\\u0000': '\\\\u0000' }],
    ['half a character', { text: 'a\ud800b' }],
    ['numbers at their limits', { n: [0, -1, 9_007_199_254_740_991, 1e300, 5e-324, 0.1] }],
    ['nesting, empty things and nothing', { a: { b: [{}, [], null, '', false] }, ['a key with "quotes"']: 1 }],
    ['no data', {}],
  ])('gives back equal: %s', async (_, data) => {
    const stream = newStream();
    const event = { ...sample(data), metadata: { at: '2026-01-01T00:00:00.000Z', correlationId: 'c "1"', causationId: 'x', by: 'patient:ü' } };
    // Some stores read from positions only that they gave out.
    const start = await store().head();
    const { position } = await store().append(stream, 'none', [event]);
    expect(await store().readStream(stream)).toEqual([{ ...event, stream, revision: 0, position }]);
    expect((await store().readAll(start, { max: 1 })).events).toEqual([{ ...event, stream, revision: 0, position }]);
  });

  it.each<[string, (append: (stream: string, id?: string, type?: string, data?: object) => Promise<AppendResult>) => Promise<AppendResult>]>([
    ['a NUL character in a value', (append) => append(newStream(), newId(), 'X.v1', { a: [{ b: '\u0000' }] })],
    ['a NUL character in a key', (append) => append(newStream(), newId(), 'X.v1', { 'a\u0000': 1 })],
    ['a NUL character behind a backslash', (append) => append(newStream(), newId(), 'X.v1', { a: '\\\u0000' })],
    ['a stream without a category', (append) => append('nodash')],
    ['a stream name with a NUL character', (append) => append('a-\u0000')],
    ['an id that is no UUID', (append) => append(newStream(), "'; drop table events; --")],
    ['a type with a control character', (append) => append(newStream(), newId(), 'X\u001e.v1')],
    ['data that is a list', (append) => append(newStream(), newId(), 'X.v1', [1])],
  ])('refuses as invalid input: %s', async (_, attempt) => {
    const append = (stream: string, id = newId(), type = 'X.v1', data: object = {}) =>
      store().append(stream, 'none', [{ id, type, data, metadata: { at: '2026-01-01T00:00:00.000Z' } }]);
    await expect(attempt(append)).rejects.toMatchObject({ code: 'talon/invalid-input' });
  });
}

function streamContract(store: () => EventStore) {
  it('reads forwards and backwards, from a revision, up to a maximum', async () => {
    const stream = newStream();
    await appended(store(), stream, 6);
    const revisions = async (options?: Parameters<EventStore['readStream']>[1]) => (await store().readStream(stream, options)).map(({ revision }) => revision);
    expect(await revisions()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await revisions({ fromRevision: 2, max: 3 })).toEqual([2, 3, 4]);
    expect(await revisions({ fromRevision: 6 })).toEqual([]);
    expect(await revisions({ backwards: true })).toEqual([5, 4, 3, 2, 1, 0]);
    expect(await revisions({ backwards: true, max: 1 })).toEqual([5]);
    expect(await revisions({ backwards: true, fromRevision: 3, max: 2 })).toEqual([3, 2]);
  });

  it.each(['contract-nobody', 'nodash', 'contract-\u0000', "contract-'; drop table x"])('finds nothing in a stream that does not exist: %j', async (stream) => {
    expect(await store().readStream(stream)).toEqual([]);
    expect(await store().readStream(stream, { backwards: true, max: 1 })).toEqual([]);
    expect(await store().readStreams([stream])).toEqual(new Map());
  });

  it('reads several streams in one go, each whole and in order, leaving out those that do not exist', async () => {
    const streams = Array.from({ length: 30 }, newStream);
    await Promise.all(streams.map((stream, index) => appended(store(), stream, 1 + (index % 4))));
    const read = await store().readStreams([...streams, newStream(), streams[0]!]);
    expect([...read.keys()].sort()).toEqual([...streams].sort());
    streams.forEach((stream, index) => expect(read.get(stream)!.map(({ revision }) => revision)).toEqual([0, 1, 2, 3].slice(0, 1 + (index % 4))));
  });

  it('gives callers that read the same stream at the same moment copies of their own', async () => {
    const stream = newStream();
    await store().append(stream, 'none', [sample({ list: [1] })]);
    const [one, other] = await Promise.all([store().readStream(stream), store().readStream(stream)]);
    expect(one).toEqual(other);
    expect(one[0]!.data).not.toBe(other[0]!.data);
  });
}

function readAllContract(store: () => EventStore) {
  it('pages through everything after a position, in order, without repeating or leaving out', async () => {
    const start = await store().head();
    const streams = Array.from({ length: 7 }, newStream);
    for (const stream of streams) await appended(store(), stream, 5);
    const events = await readOn(store(), start, 35, { max: 4 });
    expect(events.map(({ stream, revision }) => `${stream}:${revision}`)).toEqual(streams.flatMap((stream) => [0, 1, 2, 3, 4].map((revision) => `${stream}:${revision}`)));
    expect(events.map(({ position }) => position)).toEqual(events.map(({ position }) => position).sort((a, b) => a - b));
  });

  it('at the end gives nothing, stays where it was and says so', async () => {
    const head = (await store().append(newStream(), 'none', [sample()])).position;
    expect(await store().readAll(head, { max: 10 })).toEqual({ events: [], position: head, atEnd: true });
    expect(await store().readAll(head, { max: 10, filter: { types: ['Nothing.v1'] } })).toEqual({ events: [], position: head, atEnd: true });
  });

  it('filters by category, cut at the first dash, and by type, and by both', async () => {
    const [one, other] = [newStream('contracta'), newStream('contractb')];
    const start = await store().head();
    await store().append(one, 'none', [sample({}, 'A.v1'), sample({}, 'B.v1'), sample({}, 'A.v1')]);
    await store().append(other, 'none', [sample({}, 'A.v1'), sample({}, 'C.v1')]);
    await store().append(newStream('contracta-x'), 'none', [sample({}, 'C.v1')]);
    const found = async (filter: Parameters<EventStore['readAll']>[1]['filter'], count: number) => (await readOn(store(), start, count, { max: 2, filter })).map(({ type }) => type);
    expect(await found({ categories: ['contracta'] }, 4)).toEqual(['A.v1', 'B.v1', 'A.v1', 'C.v1']);
    expect(await found({ types: ['A.v1'] }, 3)).toEqual(['A.v1', 'A.v1', 'A.v1']);
    expect(await found({ categories: ['contractb'], types: ['A.v1', 'B.v1'] }, 1)).toEqual(['A.v1']);
    expect(await found({ categories: [] }, 0)).toEqual([]);
  });

  it('moves past events that do not match, so that a consumer of rare events does not look at the others twice', async () => {
    const start = await store().head();
    for (let index = 0; index < 4; index++) await appended(store(), newStream(), 300);
    const head = await store().head();
    let page = await store().readAll(start, { max: 100, filter: { types: ['Nothing.v1'] } });
    for (let pages = 1; !page.atEnd && pages < 20; pages++) {
      const next = await store().readAll(page.position, { max: 100, filter: { types: ['Nothing.v1'] } });
      expect(next.position).toBeGreaterThan(page.position);
      page = next;
    }
    expect(page).toEqual({ events: [], position: head, atEnd: true });
  });

  it('reads an old log from the start', async () => {
    const page = await store().readAll(START, { max: 1 });
    expect(page.events.length).toBeLessThanOrEqual(1);
    expect(page.position).toBeGreaterThan(START);
  });
}
