import { InMemoryEventStore, type RecordedEvent } from '@talon/event-sourcing';
import { LocalWake, deriveId } from '@talon/kernel';
import { freshDatabase } from '@talon/testing';
import { Column, type DataSource, Entity, type EntityManager, type MigrationInterface, PrimaryColumn, type QueryRunner } from 'typeorm';
import { type Projection, type Reaction, Feeds, createDataSource, upsertRows } from './index';

@Entity({ schema: 'sample', name: 'visits' })
class Visit {
  @PrimaryColumn('text') id: string;
  @Column('integer') times: number;
  @Column('text', { nullable: true }) last?: string | null;
}

class Sample1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner) {
    await runner.query('CREATE TABLE sample.visits (id text PRIMARY KEY, times integer NOT NULL, last text)');
  }
  async down(runner: QueryRunner) {
    await runner.query('DROP TABLE sample.visits');
  }
}

/** Counts: whoever applies an event twice, or not at all, is found out by the sum. */
const visits: Projection = {
  name: 'sample-visits',
  filter: { categories: ['visit'], types: ['Visited.v1'] },
  tables: ['sample.visits'],
  async apply(events, tx) {
    const rows = new Map((await tx.find(Visit)).map((row) => [row.id, row]));
    for (const event of events) {
      const times = (rows.get(event.stream)?.times ?? 0) + 1;
      rows.set(event.stream, Object.assign(new Visit(), { id: event.stream, times, last: event.id }));
    }
    await upsertRows(tx, Visit, [...rows.values()]);
  },
};

describe('feeds', () => {
  let database: { url: string; drop(): Promise<void> };
  let dataSource: DataSource;
  let store: InMemoryEventStore;
  let wake: LocalWake;
  let failures: { error: unknown; feed?: string }[];
  const running: Feeds[] = [];
  let appended = 0;

  const makeFeeds = () => {
    const feeds = new Feeds({ store, dataSource, wake, onFailure: (error, feed) => failures.push({ error, feed }) });
    running.push(feeds);
    return feeds;
  };
  const append = async (count: number, type = 'Visited.v1', stream = 'visit-a') => {
    const revision = (await store.readStream(stream)).length - 1;
    const events = Array.from({ length: count }, () => ({ id: deriveId('event', String(appended++)), type, data: {}, metadata: { at: '2026-03-02T09:00:00.000Z' } }));
    await store.append(stream, revision < 0 ? 'none' : revision, events);
    wake.signal();
  };
  const times = async () => (await dataSource.manager.find(Visit)).reduce((sum, row) => sum + row.times, 0);
  const cursor = async (name: string) => Number((await dataSource.query('SELECT position FROM feeds.cursors WHERE name = $1', [name]))[0]?.position ?? 0);

  beforeEach(async () => {
    database = await freshDatabase();
    dataSource = await createDataSource(database.url, { entities: [Visit], migrations: [Sample1764000000000], schemas: ['sample'] });
    store = new InMemoryEventStore();
    wake = new LocalWake();
    failures = [];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((feeds) => feeds.stop()));
    await dataSource.destroy();
    await database.drop();
  });

  it('brings rows up to the log, what was there before and what comes', async () => {
    await append(3);
    const feeds = makeFeeds();
    feeds.addProjection(visits);
    feeds.start();
    await feeds.caughtUp('sample-visits');
    expect(await times()).toBe(3);
    await append(1);
    await append(1, 'Left.v1');
    await feeds.caughtUp('sample-visits');
    expect(await times()).toBe(4);
    expect(await feeds.lag()).toEqual([{ name: 'sample-visits', position: await store.head(), behind: 0 }]);
  });

  it('keeps neither rows nor cursor when the process fails after writing the rows, and says so', async () => {
    await append(5);
    let failing = true;
    const feeds = makeFeeds();
    const apply = async (events: RecordedEvent[], tx: EntityManager) => {
      await visits.apply(events, tx);
      if (failing) throw new Error('power cut');
    };
    feeds.addProjection({ ...visits, apply });
    feeds.addProjection({ ...visits, name: 'sample-other', apply: async () => undefined });
    feeds.start();
    await feeds.caughtUp('sample-other');
    await expect(feeds.caughtUp('sample-visits', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'talon/unavailable' });
    expect(await times()).toBe(0);
    expect(await feeds.lag()).toEqual([
      { name: 'sample-visits', position: 0, behind: await store.head(), error: 'Error: power cut' },
      { name: 'sample-other', position: await store.head(), behind: 0 },
    ]);
    expect(failures[0]).toMatchObject({ feed: 'sample-visits' });
    failing = false;
    await feeds.caughtUp('sample-visits');
    expect(await times()).toBe(5);
    expect((await feeds.lag())[0]).toEqual({ name: 'sample-visits', position: await store.head(), behind: 0 });
  });

  it('lets one of several processes work on a consumer at a time', async () => {
    let atOnce = 0;
    let atOnceMost = 0;
    const slow = async (events: RecordedEvent[], tx: EntityManager) => {
      atOnceMost = Math.max(atOnceMost, ++atOnce);
      await visits.apply(events, tx);
      await new Promise((resolve) => setTimeout(resolve, 30));
      atOnce--;
    };
    for (let process = 0; process < 3; process++) {
      const feeds = makeFeeds();
      feeds.addProjection({ ...visits, apply: slow });
      feeds.start();
    }
    for (let round = 0; round < 20; round++) {
      await append(3);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await running[0]?.caughtUp('sample-visits');
    expect(await times()).toBe(60);
    expect(atOnceMost).toBe(1);
  });

  it('repeats an effect whose cursor was not saved, and never saves a cursor whose effect failed', async () => {
    const seen: string[] = [];
    const cursors: number[] = [];
    let failing = true;
    const reaction: Reaction = {
      name: 'sample-reaction',
      filter: {},
      async handle(events) {
        cursors.push(await cursor('sample-reaction'));
        for (const event of events) seen.push(event.id);
        if (failing) throw new Error('crash after the effect');
      },
    };
    await append(2);
    const feeds = makeFeeds();
    feeds.addReaction(reaction);
    feeds.start();
    while (failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await cursor('sample-reaction')).toBe(0);
    failing = false;
    await feeds.caughtUp('sample-reaction');
    expect(new Set(seen).size).toBe(2);
    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(new Set(cursors)).toEqual(new Set([0]));
  });

  it('goes on by itself when nobody wakes it', async () => {
    const feeds = makeFeeds();
    feeds.addProjection(visits);
    feeds.start();
    await append(1);
    await feeds.caughtUp('sample-visits');
    // What is still being looked at because of the first event must be over.
    await new Promise((resolve) => setTimeout(resolve, 300));
    wake = new LocalWake();
    await append(1);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(await times()).toBe(2);
  });

  it('works through a long log in batches and hands every event over once, in order', async () => {
    for (let round = 0; round < 10; round++) await append(500, 'Visited.v1', `visit-${round % 3}`);
    const positions: number[] = [];
    const feeds = makeFeeds();
    feeds.addReaction({ name: 'sample-order', filter: { types: ['Visited.v1'] }, handle: async (events) => void positions.push(...events.map((e) => e.position)) });
    feeds.start();
    await feeds.caughtUp('sample-order');
    expect(positions).toHaveLength(5_000);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  it('rebuilds to the same rows, and tells when live rows were wrong', async () => {
    await append(50);
    await append(50, 'Visited.v1', 'visit-b');
    const feeds = makeFeeds();
    feeds.addProjection(visits);
    feeds.start();
    await feeds.caughtUp('sample-visits');
    expect(await feeds.rebuild('sample-visits')).toMatchObject({ name: 'sample-visits', events: 100, rows: 2, differences: 0 });
    await dataSource.query("UPDATE sample.visits SET times = 49 WHERE id = 'visit-b'");
    expect(await feeds.rebuild('sample-visits')).toMatchObject({ events: 100, rows: 2, differences: 2 });
    expect(await times()).toBe(100);
    await append(1);
    await feeds.caughtUp('sample-visits');
    expect(await times()).toBe(101);
    await expect(feeds.rebuild('sample-nothing')).rejects.toMatchObject({ code: 'talon/not-found' });
  });

  it('migrates once, however many processes start together', async () => {
    const setup = { entities: [Visit], migrations: [Sample1764000000000], schemas: ['sample'], poolSize: 4 };
    const other = await freshDatabase();
    const sources = await Promise.all([1, 2, 3, 4].map(() => createDataSource(other.url, setup)));
    expect(await sources[0]?.query('SELECT name FROM feeds.migrations')).toEqual([{ name: 'Sample1764000000000' }]);
    await Promise.all(sources.map((source) => source.destroy()));
    await other.drop();
  });
});
