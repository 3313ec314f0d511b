import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { START, type StoredEvent } from '@talon/event-sourcing';
import { newId } from '@talon/kernel';
import { type TestServer, freshDatabase, startPostgres } from '@talon/testing';
import { withPlainClient } from './plain-client';
import { PostgresEventStore } from './postgres-event-store';

const event = (): StoredEvent => ({ id: newId(), type: 'Sampled.v1', data: {}, metadata: { at: '2026-01-01T00:00:00.000Z' } });

describe('the schema', () => {
  it('is made once by several processes that start together, and again without a change', async () => {
    const database = await freshDatabase();
    const stores = await Promise.all(Array.from({ length: 5 }, () => PostgresEventStore.connect(database.url)));
    await Promise.all(stores.map((store) => store.migrate()));
    await stores[0]!.append('a-1', 'none', [event()]);
    await Promise.all(stores.flatMap((store) => [store.migrate(), store.append(`a-${newId()}`, 'none', [event()])]));
    expect(await stores[4]!.head()).toBe(6);
    await Promise.all(stores.map((store) => store.close()));
    await database.drop();
  }, 60_000);
});

describe('a database that is set up for something else', () => {
  it('does not weaken durability or order', async () => {
    const database = await freshDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await withPlainClient(database.url, async (query) => {
      await query(`alter database ${name} set synchronous_commit = off`);
      await query(`alter database ${name} set default_transaction_isolation = 'repeatable read'`);
      await query(`alter database ${name} set default_transaction_read_only = on`);
    });
    const [one, other] = [await PostgresEventStore.connect(database.url), await PostgresEventStore.connect(database.url)];
    await one.migrate();
    const appends = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).append(`a-${newId()}`, 'none', [event()]));
    expect(new Set((await Promise.all(appends)).map(({ position }) => position)).size).toBe(40);
    await Promise.all([one.close(), other.close()]);
    await database.drop();
  }, 60_000);
});

describe('a server that restarts', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop(), 60_000);

  it('appends, reads and subscriptions go on by themselves, nothing is lost or doubled', async () => {
    const store = await PostgresEventStore.connect(server.url);
    await store.migrate();
    const seen: string[] = [];
    const subscription = store.subscribe(START, {}, async (events) => void seen.push(...events.map(({ id }) => id)));
    const acknowledged: string[] = [];
    let restarted = false;
    const appenders = Array.from({ length: 10 }, async () => {
      const stream = `a-${newId()}`;
      // Goes on until the restart is over, so that it surely meets it.
      for (let revision = -1; !restarted || revision < 5; revision++) {
        const next = event();
        await store.append(stream, revision < 0 ? 'none' : revision, [next]);
        acknowledged.push(next.id);
        await sleep(1);
      }
      return stream;
    });
    await sleep(100);
    await server.restart();
    await store.head();
    restarted = true;
    const streams = await Promise.all(appenders);
    const stored = [...(await store.readStreams(streams)).values()].flat().map(({ id }) => id);
    expect([...stored].sort()).toEqual([...acknowledged].sort());
    for (let waits = 0; seen.length < stored.length && waits < 200; waits++) await sleep(20);
    expect([...seen].sort()).toEqual([...stored].sort());
    await subscription.stop();
    await store.close();
  }, 60_000);
});

describe('an answer that is lost after the commit', () => {
  it.each(['none', 0, 'exists'] as const)('is settled by appending again with the same ids, expecting %s', async (expected) => {
    const database = await freshDatabase();
    const proxy = await answerLosingProxy(database.url);
    const store = await PostgresEventStore.connect(proxy.url);
    await store.migrate();
    const stream = `a-${newId()}`;
    if (expected !== 'none') await store.append(stream, 'none', [event()]);
    await store.append(`a-${newId()}`, 'none', [event()]);
    const events = [event(), event()];
    proxy.loseAnswers();
    const answer = await store.append(stream, expected, events);
    expect(proxy.lost()).toBeGreaterThanOrEqual(1);
    const stored = await store.readStream(stream);
    expect(stored.slice(-2).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(stored).toHaveLength(expected === 'none' ? 2 : 3);
    expect(answer).toEqual({ revision: stored.length - 1, position: stored.at(-1)!.position });
    await store.close();
    proxy.close();
    await database.drop();
  }, 60_000);
});

/** Stands between the store and the server; once told so, it swallows the next answer, whose statement has then been committed, and cuts the connection. */
async function answerLosingProxy(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let losing = false;
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (!losing) return void client.write(chunk);
      losing = false;
      lost++;
      client.destroy();
      upstream.destroy();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    loseAnswers: () => void (losing = true),
    lost: () => lost,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
