import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type Outbound, publicEvent } from '@talon/contracts';
import { InMemoryEventStore } from '@talon/event-sourcing';
import { LocalWake, deriveId } from '@talon/kernel';
import { EVENT_STREAM, EventStream, NatsGate } from '@talon/nats';
import { Feeds, createDataSource } from '@talon/read-model';
import { freshDatabase, startNats } from '@talon/testing';
import type { DataSource } from 'typeorm';
import { Relay } from './relay';

const HOSPITAL = deriveId('hospital', 'one');
const opened = publicEvent('sample.opened', 1, 'A sample was opened.', { hospitalId: 'id', number: 'count' });
const outbound: Outbound = {
  categories: ['sample'],
  storedNames: { 'SampleOpened.v1': [opened.type] },
  map: ({ data }) => opened.of({ hospitalId: HOSPITAL, number: (data as { number: number }).number }),
};

/** Message ids of the whole stream, in its order. */
async function stored(url: string): Promise<string[]> {
  const client = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(client);
    const { state } = await manager.streams.info(EVENT_STREAM);
    if (state.messages === 0) return [];
    const made = await manager.consumers.add(EVENT_STREAM, { ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.All, name: `reader${Date.now()}` });
    const consumer = await jetstream(client).consumers.get(EVENT_STREAM, made.name);
    const ids: string[] = [];
    while (ids.length < state.messages) {
      for await (const message of await consumer.fetch({ max_messages: 500, expires: 1_000 })) ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
    }
    return ids;
  } finally {
    await client.close();
  }
}

describe('the relay', () => {
  let database: { url: string; drop(): Promise<void> };
  let nats: Awaited<ReturnType<typeof startNats>>;
  let dataSource: DataSource;
  let store: InMemoryEventStore;
  let appended: string[];
  const wake = new LocalWake();
  const processes: { feeds: Feeds; gate: NatsGate }[] = [];

  const startProcess = async () => {
    const gate = NatsGate.connect(nats.url);
    const feeds = new Feeds({ store, dataSource, wake });
    new Relay('relay', [outbound], { store, nats: gate, stream: new EventStream(gate) }).attach(feeds);
    feeds.start();
    processes.push({ feeds, gate });
    await gate.waitUntilConnected(5_000);
    return feeds;
  };
  const stopProcess = async ({ feeds, gate }: { feeds: Feeds; gate: NatsGate }) => {
    await gate.close();
    await feeds.stop();
  };
  const append = async (count: number) => {
    const from = appended.length;
    const events = Array.from({ length: count }, (_, index) => ({
      id: deriveId('event', String(from + index)),
      type: 'SampleOpened.v1',
      data: { number: from + index },
      metadata: { at: '2026-03-02T09:00:00.000Z' },
    }));
    await store.append(`sample-${from}`, 'none', events);
    appended.push(...events.map(({ id }) => id));
    wake.signal();
  };

  beforeEach(async () => {
    [database, nats] = await Promise.all([freshDatabase(), startNats()]);
    dataSource = await createDataSource(database.url, { entities: [], migrations: [], schemas: [] });
    store = new InMemoryEventStore();
    appended = [];
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map(stopProcess));
    await dataSource.destroy();
    await Promise.all([database.drop(), nats.stop()]);
  });

  it('publishes every public event once, in order, as a CloudEvent under its own id', async () => {
    const feeds = await startProcess();
    await append(300);
    await append(5);
    await feeds.caughtUp('relay');
    expect(await stored(nats.url)).toEqual(appended);
    const client = await connect({ servers: nats.url });
    const message = await (await jetstreamManager(client)).streams.getMessage(EVENT_STREAM, { seq: 1 });
    await client.close();
    expect(message?.subject).toBe(`talon.sample.opened.v1.${HOSPITAL}`);
    expect(message?.json()).toEqual({
      specversion: '1.0',
      id: appended[0],
      source: '/talon/sample',
      type: 'talon.sample.opened.v1',
      time: '2026-03-02T09:00:00.000Z',
      datacontenttype: 'application/json',
      subject: 'sample-0',
      position: String((await store.readStream('sample-0'))[0]?.position),
      data: { hospitalId: HOSPITAL, number: 0 },
    });
  });

  it('fills the stream again, each event once, when NATS has lost its data; nothing new needs to happen', async () => {
    const feeds = await startProcess();
    await startProcess();
    await append(500);
    await append(400);
    await feeds.caughtUp('relay');
    await nats.wipe();
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline && (await stored(nats.url).catch(() => [])).length < 900) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await stored(nats.url)).toEqual(appended);
    await append(10);
    await feeds.caughtUp('relay');
    expect(await stored(nats.url)).toEqual(appended);
  }, 20_000);

  it('publishes what happened while NATS was away, also when it comes back empty and this process is another one', async () => {
    const feeds = await startProcess();
    await append(20);
    await feeds.caughtUp('relay');
    await Promise.all(processes.splice(0).map(stopProcess));
    await nats.wipe();
    await append(30);
    const later = await startProcess();
    await later.caughtUp('relay', { timeoutMs: 10_000 });
    expect(await stored(nats.url)).toEqual(appended);
  }, 20_000);

  it('adds what is missing at the end of a stream that lost its last messages', async () => {
    const feeds = await startProcess();
    await append(50);
    await feeds.caughtUp('relay');
    await Promise.all(processes.splice(0).map(stopProcess));
    const client = await connect({ servers: nats.url });
    const manager = await jetstreamManager(client);
    for (let seq = 50; seq > 40; seq--) await manager.streams.deleteMessage(EVENT_STREAM, seq);
    // JetStream itself would drop the repeats for two minutes; a server that lost messages does not remember them either.
    await manager.streams.update(EVENT_STREAM, { duplicate_window: 100_000_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.close();
    const later = await startProcess();
    await append(3);
    await later.caughtUp('relay', { timeoutMs: 10_000 });
    expect(await stored(nats.url)).toEqual(appended);
  }, 20_000);
});
