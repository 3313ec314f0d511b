import { type StoredEvent, UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { newId } from '@talon/kernel';
import { type AppendBackend, AppendQueue, BATCH_EVENTS_MAX, BATCH_TEXT_MAX, LANES_MAX, type PendingAppend, QUEUE_MAX } from './append-queue';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const event = (): StoredEvent => ({ id: newId(), type: 'Sampled.v1', data: {}, metadata: { at: '2026-01-01T00:00:00.000Z' } });

/** Accepts everything, when the spec lets it. */
class Backend implements AppendBackend {
  readonly batches: PendingAppend[][] = [];
  readonly release: (() => void)[] = [];
  commits = 0;
  fail: (batch: PendingAppend[]) => unknown = () => undefined;
  refuse: (append: PendingAppend) => boolean = () => false;
  repeats: (append: PendingAppend) => boolean = () => false;
  hold = true;

  async write(batch: PendingAppend[]) {
    this.batches.push(batch);
    if (this.hold) await new Promise<void>((resolve) => this.release.push(resolve));
    const failure = this.fail(batch);
    if (failure) throw failure;
    return { results: batch.map((append) => (this.refuse(append) ? { refused: 7 } : { revision: 0, position: 0 })) };
  }
  async findRepeats(refused: PendingAppend[]) {
    return refused.map((append) => (this.repeats(append) ? { revision: 3, position: 33 } : undefined));
  }
  committed() {
    this.commits++;
  }
}

function setUp(hold = true) {
  const backend = new Backend();
  backend.hold = hold;
  const queue = new AppendQueue(backend);
  const add = (stream: string, count = 1, textLength = 10) =>
    new Promise((resolve, reject) =>
      queue.add({ stream, expected: 'none', events: Array.from({ length: count }, event), texts: [], textLength, resolve, reject }),
    );
  const sent = () => backend.batches.map((batch) => batch.map(({ stream }) => stream));
  return { backend, queue, add, sent };
}

describe('group commit', () => {
  it('what one turn appends travels together; what comes while both lanes are busy waits for a lane', async () => {
    const { backend, add, sent } = setUp();
    const answers = [add('a'), add('b')];
    await turn();
    answers.push(add('c'));
    await turn();
    answers.push(add('d'));
    await turn();
    answers.push(add('e'));
    await turn();
    expect(sent()).toEqual([['a', 'b'], ['c']]);
    expect(sent()).toHaveLength(LANES_MAX);
    backend.release.shift()!();
    await turn();
    await turn();
    expect(sent()).toEqual([['a', 'b'], ['c'], ['d', 'e']]);
    backend.hold = false;
    backend.release.forEach((release) => release());
    await Promise.all(answers);
    expect(backend.commits).toBe(3);
  });

  it('a stream takes part once in a batch, and its appends leave in the order they came', async () => {
    const { add, sent } = setUp(false);
    await Promise.all([add('a'), add('a'), add('b'), add('a')]);
    expect(sent()).toEqual([['a', 'b'], ['a'], ['a']]);
  });

  it('a batch is bounded in events and in text, but a single append always fits', async () => {
    const { backend, add } = setUp(false);
    await Promise.all([add('a', BATCH_EVENTS_MAX - 1), add('b', 1), add('c', 1), add('d', 1, BATCH_TEXT_MAX + 1), add('e')]);
    const sizes = backend.batches.map((batch) => batch.map(({ stream }) => stream).join(''));
    expect(sizes).toEqual(['ab', 'c', 'd', 'e']);
  });

  it('refuses at once when too many wait', async () => {
    const { backend, queue, add } = setUp();
    const waiting = Array.from({ length: QUEUE_MAX }, (_, index) => add(`s${index}`));
    await expect(add('one-more')).rejects.toMatchObject({ code: 'talon/unavailable' });
    await turn();
    backend.hold = false;
    backend.release.forEach((release) => release());
    await Promise.all(waiting);
    await queue.drain();
  });

  it('drains: waits for what waits and for what is in flight', async () => {
    const { backend, queue, add } = setUp();
    const answers = [add('a'), add('a')];
    let drained = false;
    await turn();
    const draining = queue.drain().then(() => (drained = true));
    await turn();
    expect(drained).toBe(false);
    backend.hold = false;
    backend.release.forEach((release) => release());
    await Promise.all(answers);
    await draining;
    expect(backend.batches).toHaveLength(2);
  });
});

describe('what goes wrong in a batch', () => {
  it('a refused append fails alone, with the revision it met', async () => {
    const { backend, add } = setUp(false);
    backend.refuse = ({ stream }) => stream === 'b';
    const results = await Promise.allSettled([add('a'), add('b'), add('c')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { name: 'WrongRevisionError', stream: 'b', actual: 7 } });
    expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(WrongRevisionError);
  });

  it('a refused append that an earlier attempt had stored gets the first answer', async () => {
    const { backend, add } = setUp(false);
    backend.refuse = backend.repeats = ({ stream }) => stream === 'b';
    expect(await Promise.all([add('a'), add('b')])).toEqual([{ revision: 0, position: 0 }, { revision: 3, position: 33 }]);
  });

  it('a statement that cannot be executed is traced to the append at fault', async () => {
    const { backend, add } = setUp(false);
    const fault = Object.assign(new Error('value too long'), { severity: 'ERROR', code: '22001' });
    backend.fail = (batch) => (batch.some(({ stream }) => stream === 'b') ? fault : undefined);
    const results = await Promise.allSettled([add('a'), add('b'), add('c')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: fault });
  });

  it('a connection that stays lost leaves the outcome of the whole batch unknown', async () => {
    const { backend, add } = setUp(false);
    backend.fail = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const results = await Promise.allSettled([add('a'), add('b')]);
    for (const result of results) expect((result as PromiseRejectedResult).reason).toBeInstanceOf(UnknownOutcomeError);
    expect(backend.batches).toHaveLength(1);
  });
});
