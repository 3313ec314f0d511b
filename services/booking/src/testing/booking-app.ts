import { Global, Module } from '@nestjs/common';
import { EventStore, InMemoryEventStore } from '@talon/event-sourcing';
import { TokenVerifier, createApp } from '@talon/http';
import { type Actor, Clock, InProcessRpc, LocalWake, ManualClock, Rpc, type Role, newId } from '@talon/kernel';
import { Feeds, createDataSource } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import { type TestServer, freshDatabase, startRedis } from '@talon/testing';
import { DataSource } from 'typeorm';
import { BookingStreams } from '../application/booking-streams';
import { ExpireBookings } from '../application/expire-bookings';
import { OrphanSlots } from '../application/orphan-slots';
import { bookingService } from '../booking.module';
import { type Booking } from '../domain/decider';
import { Region } from './region';

export const NOW = '2026-03-01T09:00:00.000Z';
export const HOSPITAL = '44444444-4444-4444-8444-444444444444';
const SLOT_MS = 20 * 60_000;

/** The token of a test is the actor itself, as base64url JSON. */
class PlainTokens extends TokenVerifier {
  override async verify(token: string): Promise<Actor> {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Actor;
  }
}

export const actor = (role: Role, subject: string, more: Partial<Actor> = {}): Actor => ({ subject, roles: [role], hospitalIds: [], ...more });
export const desk = actor('registrar', 'desk-1', { hospitalIds: [HOSPITAL] });
export const asPatient = (patientId: string): Actor => actor('patient', `account-${patientId}`, { patientId });

export interface Answer {
  status: number;
  body: Record<string, unknown> & { bookingId: string; slot: number; status: unknown; code: string; items: { bookingId: string }[]; next: string };
}

/** The booking service over HTTP on a Redis and a database of its own, the log in memory, the other services played by `Region`. */
export async function startBookingApp() {
  const [database, redis] = await Promise.all([freshDatabase(), startRedis()]);
  const clock = new ManualClock(Date.parse(NOW));
  const wake = new LocalWake();
  const store = new InMemoryEventStore({ wake });
  const { entities, migrations } = bookingService;
  const dataSource = await createDataSource(database.url, { entities, migrations, schemas: ['booking'] });
  const region = new Region();
  const processes: Awaited<ReturnType<typeof startProcess>>[] = [];
  for (let i = 0; i < 2; i++) processes.push(await startProcess({ store, clock, wake, dataSource, region, redis }));
  const first = processes[0]!;
  let turn = 0;

  const request = async (by: Actor, method: 'GET' | 'POST', path: string, body?: object, key?: string, process?: number): Promise<Answer> => {
    const { app } = processes[process ?? turn++ % processes.length]!;
    const authorization = `Bearer ${Buffer.from(JSON.stringify(by)).toString('base64url')}`;
    const headers = { authorization, ...(key && { 'idempotency-key': key }), ...(body && { 'content-type': 'application/json' }) };
    const response = await app.inject({ method, url: `/v1/bookings${path}`, headers, ...(body && { payload: JSON.stringify(body) }) });
    return { status: response.statusCode, body: response.json() as Answer['body'] };
  };

  return {
    clock, store, region, dataSource, redis,
    gate: first.gate,
    feeds: first.feeds,
    request,
    book: (by: Actor, patientId: string, sessionId: string, key: string = newId(), slot?: number) => request(by, 'POST', '', { patientId, sessionId, slot }, key),
    orphans: () => first.app.get(OrphanSlots, { strict: false }),
    expire: () => first.app.get(ExpireBookings, { strict: false }),
    state: async (bookingId: string): Promise<Booking> => (await first.app.get(BookingStreams, { strict: false }).load(bookingId)).booking,
    caughtUp: () => Promise.all(['booking-list', 'booking-follow-up'].map((name) => first.feeds.caughtUp(name))),
    /** Plans a session and returns its id. */
    plan(more: { date?: string; slots?: number; tickets?: boolean; price?: number; limit?: number; hospitalId?: string } = {}): string {
      const { date = '2026-03-10', slots = 5, tickets, price, limit = 1, hospitalId = HOSPITAL } = more;
      const sessionId = newId();
      const start = Date.parse(`${date}T09:00:00.000Z`);
      const at = (ms: number) => new Date(ms).toISOString();
      const end = start + slots * SLOT_MS;
      region.sessions.set(sessionId, {
        sessionId, hospitalId, departmentId: newId(), doctorId: newId(), date, zone: 'Europe/Madrid', startsAt: at(start), endsAt: at(end),
        price: price === undefined ? null : { amountMinor: price, currency: 'EUR' }, bookingsPerPatientDayMax: limit, holdTtlMs: 300_000,
        slots: Array.from({ length: slots }, (_, i) =>
          tickets ? { startsAt: at(start), endsAt: at(end) } : { startsAt: at(start + i * SLOT_MS), endsAt: at(start + (i + 1) * SLOT_MS) }),
      });
      return sessionId;
    },
    async stop() {
      for (const process of processes) await process.stop();
      await dataSource.destroy();
      await store.close();
      await redis.stop();
      await database.drop();
    },
  };
}
export type BookingApp = Awaited<ReturnType<typeof startBookingApp>>;

interface Shared {
  store: EventStore;
  clock: Clock;
  wake: LocalWake;
  dataSource: DataSource;
  region: Region;
  redis: TestServer;
}

/** One of the processes behind the port: its own caches, its own connection, its own feeds. */
async function startProcess({ store, clock, wake, dataSource, region, redis }: Shared) {
  const gate = await RedisGate.connect(redis.url);
  const feeds = new Feeds({ store, dataSource, wake });
  const rpc = new InProcessRpc();
  region.serve(rpc);
  const provide = [
    { provide: EventStore, useValue: store },
    { provide: Clock, useValue: clock },
    { provide: Rpc, useValue: rpc },
    { provide: DataSource, useValue: dataSource },
    { provide: Feeds, useValue: feeds },
    { provide: RedisGate, useValue: gate },
  ];
  @Global()
  @Module({ providers: provide, exports: provide.map(({ provide: token }) => token) })
  class TestPlatform {}
  @Module({ imports: [TestPlatform, bookingService.module] })
  class Root {}
  const app = await createApp(Root, { clock, tokenVerifier: new PlainTokens(), title: 'Bookings' });
  feeds.start();
  return {
    app, gate, feeds,
    async stop() {
      await feeds.stop();
      await app.close();
      await gate.close();
    },
  };
}
