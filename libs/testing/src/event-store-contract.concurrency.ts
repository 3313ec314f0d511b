import { type ContractSubject, disorder, newStream, readOn, sample } from './event-store-contract.samples';

const APPENDERS = 1_000;
const INSTANCES = 4;

export function concurrencyContract(subject: () => ContractSubject): void {
  const store = () => subject().store;

  it('1,000 appenders at once: a reader beside them sees every event once, in stream order', async () => {
    const start = await store().head();
    const streams = Array.from({ length: APPENDERS / 2 }, newStream);
    const reading = readOn(store(), start, APPENDERS * 2, { max: 100 });
    // Two appenders per stream: one creates it, the other follows when it can.
    const results = await Promise.all(
      streams.flatMap((stream) => [
        store().append(stream, 'none', [sample({ n: 0 }), sample({ n: 1 })]),
        (async () => {
          const events = [sample({ n: 2 }), sample({ n: 3 })];
          for (let attempts = 0; ; attempts++) {
            try {
              return await store().append(stream, 1, events);
            } catch (error) {
              if (attempts === 200) throw error;
              await new Promise((resolve) => setTimeout(resolve, 2));
            }
          }
        })(),
      ]),
    );
    const seen = await reading;
    expect(seen).toHaveLength(APPENDERS * 2);
    expect(disorder(seen)).toEqual([]);
    const positions = new Set(seen.map(({ position }) => position));
    expect(results.filter(({ position }) => !positions.has(position))).toEqual([]);
  }, 120_000);

  it('several instances at once: readers by position never skip', async () => {
    const start = await store().head();
    const instances = await Promise.all(Array.from({ length: INSTANCES }, () => subject().another()));
    const rounds = 60;
    const perRound = (index: number, round: number) => 1 + ((index * 7 + round * 13) % 40);
    let expected = 0;
    for (let index = 0; index < INSTANCES; index++) for (let round = 0; round < rounds; round++) expected += perRound(index, round);
    const readers = instances.slice(0, 2).map((instance) => readOn(instance, start, expected, { max: 500 }));
    await Promise.all(
      instances.map(async (instance, index) => {
        for (let round = 0; round < rounds; round++) {
          // Large and small appends together, so that one that began later is often done first.
          const events = Array.from({ length: perRound(index, round) }, (_, n) => sample({ n, index, round }));
          await instance.append(newStream(), 'none', events);
        }
      }),
    );
    const all = await readOn(store(), start, expected, { max: 5_000 });
    expect(all).toHaveLength(expected);
    for (const seen of await Promise.all(readers)) {
      expect(disorder(seen)).toEqual([]);
      expect(seen.map(({ position }) => position)).toEqual(all.map(({ position }) => position));
    }
  }, 120_000);

  it('instances that append to the same streams agree on one order', async () => {
    const instances = await Promise.all(Array.from({ length: INSTANCES }, () => subject().another()));
    const streams = Array.from({ length: 20 }, newStream);
    const wins = await Promise.all(
      instances.map(async (instance) => {
        const results = await Promise.allSettled(streams.map((stream) => instance.append(stream, 'none', [sample()])));
        return results.filter((result) => result.status === 'fulfilled').length;
      }),
    );
    expect(wins.reduce((sum, count) => sum + count, 0)).toBe(streams.length);
    const kept = await store().readStreams(streams);
    expect(streams.map((stream) => kept.get(stream)?.length)).toEqual(streams.map(() => 1));
  }, 60_000);

  it('connections that break in mid-append: every append succeeds by itself, nothing is lost or stored twice', async () => {
    const start = await store().head();
    const events = Array.from({ length: 20 }, () => Array.from({ length: 20 }, (_, n) => sample({ n })));
    const appenders = events.map(async (own) => {
      const stream = newStream();
      for (const [index, event] of own.entries()) await store().append(stream, index === 0 ? 'none' : index - 1, [event]);
    });
    const breaking = (async () => {
      for (let breaks = 0; breaks < 4; breaks++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await subject().breakConnections?.();
      }
    })();
    await Promise.all([...appenders, breaking]);
    const stored = await readOn(store(), start, 400, { max: 500 });
    expect(disorder(stored)).toEqual([]);
    expect(stored.map(({ id }) => id).sort()).toEqual(events.flat().map(({ id }) => id).sort());
  }, 120_000);

  it('a store whose connections have just broken appends and reads as if nothing had happened', async () => {
    const stream = newStream();
    for (let revision = 0; revision < 5; revision++) {
      await subject().breakConnections?.();
      await store().append(stream, revision === 0 ? 'none' : revision - 1, [sample()]);
      await subject().breakConnections?.();
      expect(await store().readStream(stream)).toHaveLength(revision + 1);
    }
  }, 60_000);
}
