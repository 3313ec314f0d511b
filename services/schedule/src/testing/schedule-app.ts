import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serve, type SlotState } from '@talon/contracts';
import { EventStore, InMemoryEventStore, type RecordedEvent, START } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { TokenVerifier, createApp } from '@talon/http';
import { type Actor, Clock, commonError, InProcessRpc, LocalWake, ManualClock, Rpc } from '@talon/kernel';
import { createDataSource, Feeds } from '@talon/read-model';
import { freshDatabase } from '@talon/testing';
import { DataSource } from 'typeorm';
import { scheduleService } from '../schedule.module';

export const NOW = '2026-11-22T12:00:00.000Z';

/** The token of a test is the actor itself, as base64url JSON. */
class PlainTokens extends TokenVerifier {
  override async verify(token: string): Promise<Actor> {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Actor;
  }
}

/** Inventory as far as schedule needs it: slots named in `taken` have somebody. */
export class FakeInventory {
  readonly taken = new Map<string, number[]>();
  readonly synced: string[] = [];
  down = false;

  serveOn(rpc: Rpc, slotsOf: (sessionId: string) => Promise<number[]>) {
    const up = () => {
      if (this.down) throw commonError('unavailable', 'inventory does not answer');
    };
    serve(rpc, 'inventory.withdraw', async ({ sessionId, numbers }) => {
      up();
      const has = this.taken.get(sessionId) ?? [];
      return { withdrawn: numbers.filter((number) => !has.includes(number)), taken: numbers.filter((number) => has.includes(number)) };
    });
    serve(rpc, 'inventory.sync', async ({ sessionId }) => {
      up();
      this.synced.push(sessionId);
      return {};
    });
    serve(rpc, 'inventory.counts', async ({ sessionIds }) => {
      up();
      const known = sessionIds.filter((sessionId) => this.taken.has(sessionId));
      const counts = await Promise.all(known.map(async (sessionId) => {
        const taken = this.taken.get(sessionId)!.length;
        return [sessionId, { taken, free: (await slotsOf(sessionId)).length - taken }] as const;
      }));
      return Object.fromEntries(counts);
    });
    serve(rpc, 'inventory.slots', async ({ sessionId }) => {
      up();
      const has = this.taken.get(sessionId) ?? [];
      return (await slotsOf(sessionId)).map((number) => ({ number, state: (has.includes(number) ? 'reserved' : 'free') satisfies SlotState }));
    });
  }
}

// Tests read answers field by field; their shape is what is tested.
export interface Answer {
  status: number;
  body: Record<string, never> & { items: Record<string, unknown>[]; next: string | null; code: string; errors: { field: string }[] };
}

async function postgresLog(url: string, wake: LocalWake): Promise<EventStore> {
  const store = await PostgresEventStore.connect(url, { wake });
  await store.migrate();
  return store;
}

/**
 * The schedule service over HTTP on a database of its own, with the log in memory; or on a given database with the log in it too, like one of
 * several processes.
 */
export async function startScheduleApp(shared?: { url: string }) {
  const database = shared ? { url: shared.url, drop: async () => undefined } : await freshDatabase();
  const clock = new ManualClock(Date.parse(NOW));
  const wake = new LocalWake();
  const store: EventStore = shared ? await postgresLog(shared.url, wake) : new InMemoryEventStore({ wake });
  const { entities, migrations } = scheduleService;
  const dataSource = await createDataSource(database.url, { entities, migrations, schemas: ['schedule'] });
  const feeds = new Feeds({ store, dataSource, wake });
  const rpc = new InProcessRpc();
  const inventory = new FakeInventory();
  const app = await createApp(rootModule({ store, clock, rpc, dataSource, feeds }), { clock, tokenVerifier: new PlainTokens(), title: 'Schedule' });
  inventory.serveOn(rpc, async (sessionId) => {
    const supply = await rpc.request<{ sessionId: string }, { slots: { number: number }[] }>('schedule.supply', { sessionId });
    return supply.slots.map(({ number }) => number);
  });
  feeds.start();
  return {
    app, clock, store, rpc, feeds, dataSource, inventory,
    request: (actor: Actor | undefined, method: string, path: string, body?: object, key?: string) => request(app, actor, method, path, body, key),
    events: async (): Promise<RecordedEvent[]> => (await store.readAll(START, { max: 5_000 })).events,
    async stop() {
      await feeds.stop();
      await app.close();
      await dataSource.destroy();
      await store.close();
      await database.drop();
    },
  };
}
export type ScheduleApp = Awaited<ReturnType<typeof startScheduleApp>>;

function rootModule({ store, clock, rpc, dataSource, feeds }: { store: EventStore; clock: Clock; rpc: Rpc; dataSource: DataSource; feeds: Feeds }) {
  const provide = [
    { provide: EventStore, useValue: store },
    { provide: Clock, useValue: clock },
    { provide: Rpc, useValue: rpc },
    { provide: DataSource, useValue: dataSource },
    { provide: Feeds, useValue: feeds },
  ];
  @Global()
  @Module({ providers: provide, exports: provide.map(({ provide: token }) => token) })
  class TestPlatform {}
  @Module({ imports: [TestPlatform, scheduleService.module] })
  class Root {}
  return Root;
}

async function request(app: NestFastifyApplication, actor: Actor | undefined, method: string, path: string, body?: object, key?: string): Promise<Answer> {
  const response = await app.inject({
    method: method as 'GET',
    url: `/v1/${path}`,
    headers: {
      ...(actor && { authorization: `Bearer ${Buffer.from(JSON.stringify(actor)).toString('base64url')}` }),
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { payload: JSON.stringify(body) }),
  });
  return { status: response.statusCode, body: (response.body ? response.json() : {}) as Answer['body'] };
}
