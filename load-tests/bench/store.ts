import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventStore, START, type StoredEvent } from '@talon/event-sourcing';
import { PostgresEventStore, withPlainClient } from '@talon/event-store-postgres';
import { newId } from '@talon/kernel';
import { median } from './http-load';

const MEASURE_MS = 3_000;
const WARM_UP_MS = 1_000;
const CALLERS = 256;
const BATCH = 100;
const BATCH_CALLERS = 8;
const READ_PAGE = 1_000;
/** Between two measurements: what the last one left to the server must not be paid by the next. */
const SETTLE_MS = 300;

export interface StoreRow {
  what: string;
  value: number;
  unit: string;
  target: string;
  met: boolean | null;
}

export interface StoreRun {
  singlePerSecond: number;
  lonelyMedianMs: number;
  batchedPerSecond: number;
  /** The same events, one INSERT and one commit each, on one connection. */
  controlPerSecond: number;
  readPerSecond: number;
  fsyncsPerEvent: number;
  walBytesPerEvent: number;
}

interface Rate {
  perSecond: number;
  medianMs: number;
  events: number;
}

/** Starts a PostgreSQL of its own, durability on, and measures it `runs` times. */
export async function benchStore(root: string, runs: number, say: (line: string) => void): Promise<StoreRow[]> {
  const home = await mkdtemp(join(tmpdir(), 'talon-bench-store-'));
  const { startPostgres } = (await import(join(root, 'deploy/local/servers.mjs'))) as {
    startPostgres(options: { dataDir: string }): Promise<{ url: string; stop(): Promise<void> }>;
  };
  const server = await startPostgres({ dataDir: join(home, 'postgres') });
  try {
    const measured: StoreRun[] = [];
    for (let run = 1; run <= runs; run++) {
      measured.push(await measureStore(server.url));
      const { singlePerSecond, lonelyMedianMs, batchedPerSecond, controlPerSecond } = measured.at(-1)!;
      say(
        `store run ${run}/${runs}: ${Math.round(singlePerSecond)} single/s, lonely ${lonelyMedianMs.toFixed(2)} ms, ` +
          `${Math.round(batchedPerSecond)} batched events/s, one by one ${Math.round(controlPerSecond)}/s`,
      );
    }
    return storeRows(measured);
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One run against the server at `url`, about 20 s; leaves its events in the schema `event_store`. */
export async function measureStore(url: string): Promise<StoreRun> {
  await withStore(url, (store) => drive(WARM_UP_MS, CALLERS, () => appendOne(store)));
  const lonely = await withStore(url, (store) => drive(MEASURE_MS, 1, () => appendOne(store)));
  const before = await walUse(url);
  const single = await withStore(url, (store) => drive(MEASURE_MS, CALLERS, () => appendOne(store)));
  const after = await walUse(url);
  const batched = await withStore(url, (store) => drive(MEASURE_MS, BATCH_CALLERS, () => appendMany(store)));
  const control = await insertOneByOne(url);
  return {
    singlePerSecond: single.perSecond,
    lonelyMedianMs: lonely.medianMs,
    batchedPerSecond: batched.perSecond,
    controlPerSecond: control.perSecond,
    readPerSecond: await withStore(url, readEverything),
    fsyncsPerEvent: (after.fsyncs - before.fsyncs) / single.events,
    walBytesPerEvent: (after.bytes - before.bytes) / single.events,
  };
}

/** Every measurement has connections of its own: backends report their fsyncs at the latest when they end. */
async function withStore<T>(url: string, use: (store: EventStore) => Promise<T>): Promise<T> {
  const store = await PostgresEventStore.connect(url);
  try {
    await store.migrate();
    return await use(store);
  } finally {
    await store.close();
    await sleep(SETTLE_MS);
  }
}

function storeRows(runs: StoreRun[]): StoreRow[] {
  const mid = (of: (run: StoreRun) => number) => median(runs.map(of));
  const row = (what: string, value: number, unit: string, target = '', met: boolean | null = null): StoreRow => ({ what, value, unit, target, met });
  const single = mid((run) => run.singlePerSecond);
  const lonely = mid((run) => run.lonelyMedianMs);
  const batched = mid((run) => run.batchedPerSecond);
  const ratio = mid((run) => run.singlePerSecond / run.controlPerSecond);
  return [
    row('control: the same events inserted one by one', mid((run) => run.controlPerSecond), '/s'),
    row(`store: single appends, ${CALLERS} callers`, single, '/s', '≥ 20000', single >= 20_000),
    row('store: single appends / one by one', ratio, '', '≥ 4', ratio >= 4),
    row('store: single append, one caller, median', lonely, 'ms', '≤ 1', lonely <= 1),
    row(`store: appends of ${BATCH} events`, batched, 'events/s', '≥ 35000', batched >= 35_000),
    row('store: read everything', mid((run) => run.readPerSecond), 'events/s'),
    row('store: fsyncs per single event', mid((run) => run.fsyncsPerEvent), ''),
    row('store: WAL per single event', mid((run) => run.walBytesPerEvent), 'bytes'),
  ];
}

const sample = (): StoredEvent => ({
  id: newId(),
  type: 'BookingConfirmed.v1',
  data: { bookingId: newId(), patientId: newId(), sessionId: newId(), slot: 12, startsAt: '2026-03-02T09:00:00.000Z' },
  metadata: { at: '2026-03-01T09:00:00.000Z', correlationId: newId(), causationId: newId(), by: 'patient:0001' },
});

async function appendOne(store: EventStore): Promise<number> {
  await store.append(`booking-${newId()}`, 'none', [sample()]);
  return 1;
}

async function appendMany(store: EventStore): Promise<number> {
  await store.append(`booking-${newId()}`, 'none', Array.from({ length: BATCH }, sample));
  return BATCH;
}

/** `callers` who each do it again as soon as it is done. */
async function drive(ms: number, callers: number, once: () => Promise<number>): Promise<Rate> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  let events = 0;
  const caller = async () => {
    while (performance.now() < startedMs + ms) {
      const sentMs = performance.now();
      const count = await once();
      latenciesMs.push(performance.now() - sentMs);
      events += count;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: events / ((performance.now() - startedMs) / 1_000), medianMs: median(latenciesMs), events };
}

/**
 * Server-wide figures, so nothing else may use the server meanwhile. Backends report their fsyncs about once a second while they work and
 * when they end: what long-lived connections did in the last second before this may be missing.
 */
export async function walUse(url: string): Promise<{ fsyncs: number; bytes: number; transactions: number }> {
  await sleep(SETTLE_MS);
  return withPlainClient(url, async (query) => {
    const [wal] = await query<{ bytes: string }>("select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes");
    const [io] = await query<{ fsyncs: string | null }>("select sum(fsyncs) as fsyncs from pg_stat_io where object = 'wal'");
    const [database] = await query<{ transactions: string }>('select xact_commit as transactions from pg_stat_database where datname = current_database()');
    return { bytes: Number(wal!.bytes), fsyncs: Number(io?.fsyncs ?? 0), transactions: Number(database!.transactions) };
  });
}

async function insertOneByOne(url: string): Promise<Rate> {
  return withPlainClient(url, async (query) => {
    await query('create schema if not exists bench_control');
    await query('create table if not exists bench_control.events (like event_store.events including all)');
    const [last] = await query<{ position: string | null }>('select max(position) as position from bench_control.events');
    let position = Number(last?.position ?? -1);
    return drive(MEASURE_MS, 1, async () => {
      const { id, type, data, metadata } = sample();
      const values = [++position, `booking-${newId()}`, 0, id, type, JSON.stringify(data), JSON.stringify(metadata)];
      await query('insert into bench_control.events (position, stream, revision, id, type, data, metadata) values ($1, $2, $3, $4, $5, $6, $7)', values);
      return 1;
    });
  });
}

async function readEverything(store: EventStore): Promise<number> {
  const startedMs = performance.now();
  let events = 0;
  let position = START;
  while (performance.now() < startedMs + MEASURE_MS) {
    const page = await store.readAll(position, { max: READ_PAGE });
    events += page.events.length;
    position = page.position;
    if (page.atEnd) break;
  }
  return events / ((performance.now() - startedMs) / 1_000);
}
