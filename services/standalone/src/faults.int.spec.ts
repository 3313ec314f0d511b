import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CloudEvent } from '@talon/contracts';
import { START } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { EVENT_STREAM } from '@talon/nats';
import { type NodeProcess, ensureBuilt, startNode } from '@talon/testing';
import { factOf } from '../../cli/src/adapters/audit-facts';
import { Audit } from '../../cli/src/domain/audit';
import { Api, type Answer } from './testing/api';
import { Surroundings } from './testing/composed-platform';
import { AUTHORITY, type Booked, type Clinic, book, openClinic, planSession, registerPatient } from './testing/region';
import { type Acknowledged, sell } from './testing/sale';

const SEED = 20_260_301;
const PATIENTS = 210;
const SESSIONS = 6;
const TICKETS = 10;
const CAPACITY = SESSIONS * TICKETS;
/** The fault comes when a third is sold. */
const FAULT_AFTER = CAPACITY / 3;
const HEAL_MS_MAX = 10_000;
const REDIS_AWAY_MS = 1_500;
const ONE_LESS_MS = 60;
const FLUSHES = 4;
const FLUSH_EVERY_MS = 15;
const WORKERS = '2';
const TEST_MS_MAX = 100_000;
const PAGE_MAX = 1_000;
const PAGES_MAX = 50;

/** The platform as it is started in production, and what it depends on, taken away in mid-sale. */
describe('a fault in mid-sale', () => {
  let surroundings: Surroundings;
  let platform: NodeProcess;
  let api: Api;
  let clinic: Clinic;
  let patients: string[];

  beforeAll(async () => {
    await ensureBuilt();
    surroundings = await Surroundings.start();
    platform = await startNode('services/standalone/dist/main.js', { ...surroundings.settings(), TALON_WORKERS: WORKERS, TALON_DATABASE_CONNECTIONS: '8' });
    api = new Api(platform.url, surroundings.tokens);
    clinic = await openClinic(api, 'Hospital Clínico');
    patients = [];
    for (let from = 0; from < PATIENTS; from += 30) {
      patients.push(...(await Promise.all(Array.from({ length: 30 }, (_, index) => registerPatient(api, from + index)))));
    }
    console.info(`seed ${SEED}`);
  }, 180_000);
  afterAll(async () => {
    await platform?.stop();
    await surroundings?.stop();
  }, 60_000);

  /** Sessions of one scenario: on days of a month of its own, as a patient has one booking a day. */
  const planSale = (month: number) =>
    Promise.all(Array.from({ length: SESSIONS }, (_, index) => planSession(api, clinic, `2053-${String(month).padStart(2, '0')}-1${index}`, { tickets: TICKETS })));

  async function saleWith(month: number, fault: () => Promise<void>) {
    const sessions = await planSale(month);
    const report = await sell(api, { capacity: CAPACITY, patients, sessions, seed: SEED + month, after: FAULT_AFTER, fault });
    const { refused, repeated, healedMs, leftovers } = report;
    console.info(`sold ${report.acknowledged.length} of ${CAPACITY}, again after ${Math.round(healedMs)} ms, ${leftovers} of them found again; refused ${JSON.stringify(refused)}; repeated ${JSON.stringify(repeated)}`);
    await expectHonestSale(sessions, report.acknowledged);
    expect(healedMs).toBeLessThan(HEAL_MS_MAX);
    return report;
  }

  /** Sold to the last place, none twice, every answer kept, every repeat answered alike, and the log in order. */
  async function expectHonestSale(sessions: string[], acknowledged: Acknowledged[]) {
    const places = acknowledged.map(({ answer }) => `${answer.sessionId}_${answer.slot}`);
    expect(places.length - new Set(places).size).toBe(0);
    expect(places.length).toBe(CAPACITY);
    for (const { key, answer, text } of acknowledged) {
      const kept = await api.ask<Booked>('GET', `/v1/bookings/${answer.bookingId}`, { as: AUTHORITY });
      expect(kept).toMatchObject({ status: 200, body: { ...answer } });
      const { patientId, sessionId } = answer;
      const repeat: Answer<Booked> = await book(api, AUTHORITY, key, { patientId, sessionId });
      expect([repeat.status, repeat.text]).toEqual([201, text]);
    }
    for (const sessionId of sessions) {
      const { slots } = await api.must<{ slots: { state: string }[] }>('GET', `/v1/sessions/${sessionId}`);
      expect(slots.map(({ state }) => state)).toEqual(Array.from({ length: TICKETS }, () => 'reserved'));
    }
    const { breaches, booked } = await auditLog(surroundings.database.url);
    expect(breaches).toEqual([]);
    expect(sessions.map((sessionId) => booked.get(sessionId))).toEqual(sessions.map(() => TICKETS));
  }

  it('Redis forgets everything: FLUSHALL', async () => {
    await saleWith(1, async () => {
      for (let flush = 0; flush < FLUSHES; flush++) {
        await redisCommand(surroundings.redis.port, 'FLUSHALL');
        await pause(FLUSH_EVERY_MS);
      }
    });
  }, TEST_MS_MAX);

  it('Redis is killed and comes back empty', async () => {
    const report = await saleWith(2, async () => {
      await surroundings.redis.crash();
      // Longer than the platform waits for it before it refuses.
      await pause(REDIS_AWAY_MS);
      await surroundings.redis.restart();
    });
    expect(report.repeated['talon/unavailable']).toBeGreaterThan(0);
  }, TEST_MS_MAX);

  it('one process of the platform is killed, and soon after all of them', async () => {
    const report = await saleWith(3, async () => {
      process.kill(childrenOf(platform.pid)[0]!, 'SIGKILL');
      await pause(ONE_LESS_MS);
      await platform.kill();
      await platform.start();
    });
    expect(report.repeated['no answer']).toBeGreaterThan(0);
  }, TEST_MS_MAX);

  it('one process is killed: the other answers, and a new one takes its place', async () => {
    const before = childrenOf(platform.pid);
    process.kill(before[0]!, 'SIGKILL');
    const deadline = performance.now() + HEAL_MS_MAX;
    let answered = 0;
    while (childrenOf(platform.pid).length < before.length || childrenOf(platform.pid).includes(before[0]!)) {
      expect(performance.now()).toBeLessThan(deadline);
      await pause(20);
      // A connection that the dead process had open ends without an answer.
      const answer = await api.ask('GET', '/health/live').catch(() => undefined);
      if (answer?.status === 200) answered++;
    }
    expect(answered).toBeGreaterThan(0);
  }, TEST_MS_MAX);

  it('NATS is killed and loses its data: bookings go on, and every public event is in JetStream again', async () => {
    const sessions = await planSale(4);
        const report = await sell(api, { capacity: CAPACITY, patients, sessions, seed: SEED + 4, after: FAULT_AFTER, fault: () => surroundings.nats.crash() });
    expect(report.healedMs).toBeLessThan(HEAL_MS_MAX);
    await expectHonestSale(sessions, report.acknowledged);
    await surroundings.nats.wipe();
    const expected = await publicEvents(api);
    expect(expected.length).toBeGreaterThan(4 * CAPACITY);
    const deadline = performance.now() + HEAL_MS_MAX;
    let found: string[] = [];
    while (found.length < expected.length && performance.now() < deadline) {
      await pause(200);
      found = await idsInJetStream(surroundings.nats.url);
    }
    expect(found).toEqual(expected);
  }, TEST_MS_MAX);
});

/** Ids of all public events, in order, as `GET /v1/events` hands them out. */
async function publicEvents(api: Api): Promise<string[]> {
  const ids: string[] = [];
  let after = '0';
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const query = pages === 0 ? '' : `&after=${after}`;
    const { events, next } = await api.must<{ events: CloudEvent[]; next: string }>('GET', `/v1/events?limit=${PAGE_MAX}${query}`, { as: { role: 'operator' } });
    ids.push(...events.map(({ id }) => id));
    if (events.length === 0) return ids;
    after = next;
  }
  throw new Error(`more than ${PAGES_MAX * PAGE_MAX} events`);
}

/** Ids of all messages of the stream, in order; empty while there is no stream. */
async function idsInJetStream(url: string): Promise<string[]> {
  const client = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(client);
    const info = await manager.streams.info(EVENT_STREAM).catch(() => undefined);
    if (!info || info.state.messages === 0) return [];
    const consumer = await jetstream(client).consumers.get(EVENT_STREAM);
    const ids: string[] = [];
    for await (const message of await consumer.fetch({ max_messages: info.state.messages, expires: 2_000 })) ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
    return ids;
  } finally {
    await client.close();
  }
}

/** Linux only, as the processes of the tests are. */
const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function redisCommand(port: number, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ port, host: '127.0.0.1' }, () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (reply) => {
      socket.destroy();
      if (reply.toString().startsWith('+OK')) resolve();
      else reject(new Error(`Redis answered ${reply.toString()}`));
    });
  });
}

/** Folds the whole log with the audit of `talon audit`. @returns its findings, and live bookings by session */
async function auditLog(databaseUrl: string): Promise<{ breaches: unknown[]; booked: Map<string, number> }> {
  const store = await PostgresEventStore.connect(databaseUrl);
  const audit = new Audit();
  const booked = new Map<string, number>();
  try {
    for (let position = START, pages = 0; pages < PAGES_MAX; pages++) {
      const page = await store.readAll(position, { max: PAGE_MAX });
      for (const event of page.events) {
        const fact = factOf(event);
        audit.add(fact);
        if (fact.kind === 'booked') booked.set(fact.sessionId, (booked.get(fact.sessionId) ?? 0) + 1);
      }
      if (page.atEnd) return { breaches: audit.finish(new Date().toISOString()), booked };
      position = page.position;
    }
  } finally {
    await store.close();
  }
  throw new Error(`more than ${PAGES_MAX * PAGE_MAX} events`);
}
