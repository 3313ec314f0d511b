import { setTimeout as sleep } from 'node:timers/promises';
import { load, post, type LoadResult } from './http-load';
import type { BenchPlatform } from './platform';
import { cpuSeconds } from './processes';
import { walUse } from './store';

const CONNECTIONS = 96;
const CONTROL_SECONDS = 3;
const BOOKING_SECONDS = 5;
const WARM_UP_SECONDS = 2;
const DOCTORS = 40;
const DAYS = 12;
const TICKETS = 500;
const PATIENTS = 20_000;
const REQUESTS_AT_ONCE = 48;
const DRAINED_MS_MAX = 30_000;
const DAY_MS = 86_400_000;
const EVENTS_PER_BOOKING = 2;

export interface BookingRun {
  echo: LoadResult;
  bare: LoadResult;
  bookings: LoadResult;
  /** CPU of Talon per request of the control `echo`. */
  echoCpuMicros: number;
  /** CPU per booking, by who used it. */
  cpuMicros: { talon: number; postgres: number; redis: number; nats: number };
  fsyncsPerBooking: number;
  transactionsPerBooking: number;
  walBytesPerBooking: number;
  /** Events the read model of bookings was behind at the worst moment, in seconds of the rate reached. */
  lagSecondsMax: number;
  /** Until the read model had caught up after the last booking. */
  drainedMs: number;
}

/** A region with room for every run, and requests that never repeat a patient on a day. */
export class BookingBench {
  private sessions: string[] = [];
  private patients: string[] = [];
  private taken = 0;
  private tokens = { admin: '', portal: '' };

  constructor(private readonly platform: BenchPlatform, private readonly say: (line: string) => void) {}

  async prepare(): Promise<void> {
    this.tokens = { admin: await this.platform.token('authority-admin'), portal: await this.platform.token('portal', { portalId: 'bench' }) };
    const { hospitalId } = await this.create<{ hospitalId: string }>('/v1/hospitals', { name: 'Bench', zone: 'UTC' });
    const { departmentId } = await this.create<{ departmentId: string }>('/v1/departments', { hospitalId, name: 'Bench' });
    for (let doctor = 0; doctor < DOCTORS; doctor++) {
      const { doctorId } = await this.create<{ doctorId: string }>('/v1/doctors', { hospitalId, departmentId, name: `Doctor ${doctor}` });
      for (let day = 1; day <= DAYS; day++) {
        const date = new Date(Date.now() + day * DAY_MS).toISOString().slice(0, 10);
        const session = await this.create<{ sessionId: string }>('/v1/sessions', { doctorId, departmentId, date, zone: 'UTC', start: '08:00', end: '20:00', tickets: TICKETS });
        this.sessions.push(session.sessionId);
      }
    }
    this.say(`${this.sessions.length} sessions with ${TICKETS} tickets each; registering ${PATIENTS} patients …`);
    await this.register();
    await this.drive('/v1/bookings', () => this.bookingBody(), WARM_UP_SECONDS);
  }

  async run(): Promise<BookingRun> {
    const cpuAtStart = this.cpu().talon;
    const echo = await this.drive('/v1/bench/echo', () => this.controlBody(), CONTROL_SECONDS);
    const echoCpuMicros = ((this.cpu().talon - cpuAtStart) * 1e6) / echo.requests;
    const bare = await this.drive('/v1/bench/bare', () => this.controlBody(), CONTROL_SECONDS);
    const before = await this.cost();
    const watch = this.watchLag();
    const bookings = await this.drive('/v1/bookings', () => this.bookingBody(), BOOKING_SECONDS);
    const cpu = this.cpu();
    const { lagEventsMax, drainedMs } = await watch.finish();
    const after = await this.cost();
    const count = bookings.statuses[201] ?? 0;
    return {
      echo,
      bare,
      echoCpuMicros,
      bookings: { ...bookings, perSecond: (bookings.perSecond * count) / Math.max(1, bookings.requests) },
      cpuMicros: {
        talon: ((cpu.talon - before.cpu.talon) * 1e6) / count,
        postgres: ((cpu.postgres - before.cpu.postgres) * 1e6) / count,
        redis: ((cpu.redis - before.cpu.redis) * 1e6) / count,
        nats: ((cpu.nats - before.cpu.nats) * 1e6) / count,
      },
      fsyncsPerBooking: (after.fsyncs - before.fsyncs) / count,
      transactionsPerBooking: (after.transactions - before.transactions) / count,
      walBytesPerBooking: (after.bytes - before.bytes) / count,
      lagSecondsMax: lagEventsMax / Math.max(1, EVENTS_PER_BOOKING * bookings.perSecond),
      drainedMs,
    };
  }

  /** Events per second with which the list of bookings is built again from the log. */
  async projectionRate(): Promise<number> {
    const response = await fetch(`http://${this.platform.host}:${this.platform.port}/v1/bench/rebuild`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.tokens.admin}` },
    });
    const { events, differences, seconds } = (await response.json()) as { events: number; differences: number; seconds: number };
    if (differences !== 0) throw new Error(`the rebuilt list of bookings differs in ${differences} rows`);
    return events / seconds;
  }

  private async cost() {
    return { ...(await walUse(this.platform.databaseUrl)), cpu: this.cpu() };
  }

  private cpu() {
    const { talon, postgres, redis, nats } = this.platform.pids;
    return { talon: cpuSeconds(talon), postgres: cpuSeconds(postgres), redis: cpuSeconds(redis), nats: cpuSeconds(nats) };
  }

  /** Samples how far the read model of bookings is behind, from the platform's own health report. */
  private watchLag() {
    let lagEventsMax = 0;
    let ended = false;
    const sampling = (async () => {
      while (!ended) {
        lagEventsMax = Math.max(lagEventsMax, await this.behind());
        await sleep(200);
      }
    })();
    return {
      finish: async () => {
        ended = true;
        await sampling;
        const startedMs = performance.now();
        while ((await this.behind()) > 0 && performance.now() - startedMs < DRAINED_MS_MAX) await sleep(50);
        return { lagEventsMax, drainedMs: performance.now() - startedMs };
      },
    };
  }

  private async behind(): Promise<number> {
    const response = await fetch(`http://${this.platform.host}:${this.platform.port}/v1/bench/lag`, { headers: { authorization: `Bearer ${this.tokens.admin}` } });
    const lags = (await response.json()) as { name: string; behind: number }[];
    return lags.find(({ name }) => name === 'booking-list')?.behind ?? 0;
  }

  private drive(path: string, body: () => string | undefined, seconds: number): Promise<LoadResult> {
    const { host, port } = this.platform;
    let sent = 0;
    const next = () => {
      const text = body();
      const headers = { 'authorization': `Bearer ${this.tokens.portal}`, 'idempotency-key': `bench-${this.taken}-${sent++}` };
      return text === undefined ? undefined : post(path, `${host}:${port}`, headers, text);
    };
    return load({ host, port, connections: CONNECTIONS, seconds, next });
  }

  private controlBody = () => JSON.stringify({ patientId: this.patients[0], sessionId: this.sessions[0] });

  /** Walks through patients first and days after, so that no patient comes twice on a day. */
  private bookingBody(): string | undefined {
    const index = this.taken++;
    const day = Math.floor(index / PATIENTS);
    if (day >= DAYS) return undefined;
    const doctor = index % DOCTORS;
    return JSON.stringify({ patientId: this.patients[index % PATIENTS], sessionId: this.sessions[doctor * DAYS + day] });
  }

  private async register(): Promise<void> {
    let index = 0;
    const worker = async () => {
      while (index < PATIENTS) {
        const given = String(index++);
        const { patientId } = await this.create<{ patientId: string }>('/v1/patients', { name: { family: 'Bench', given }, birthDate: '1980-01-01' }, this.tokens.portal);
        this.patients.push(patientId);
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
  }

  private created = 0;
  private async create<T>(path: string, body: object, token = this.tokens.admin): Promise<T> {
    const { host, port } = this.platform;
    const headers = { 'authorization': `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': `bench-setup-${this.created++}` };
    const response = await fetch(`http://${host}:${port}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.status !== 201) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}
