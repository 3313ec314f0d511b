import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { EventStore, InMemoryEventStore, type RecordedEvent, START } from '@talon/event-sourcing';
import { TokenVerifier, createApp } from '@talon/http';
import { type Actor, Clock, InProcessRpc, LocalWake, ManualClock, Rpc, commonError } from '@talon/kernel';
import { PlatformConfig } from '@talon/platform';
import { Feeds, createDataSource } from '@talon/read-model';
import { freshDatabase } from '@talon/testing';
import { DataSource } from 'typeorm';
import { patientService } from '../patient.module';

export const NOW = '2026-03-01T09:00:00.000Z';

/** The token of a test is the actor itself, as base64url JSON. */
class PlainTokens extends TokenVerifier {
  override async verify(token: string): Promise<Actor> {
    const actor = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Actor;
    if (!actor.subject) throw commonError('unauthenticated', 'no subject');
    return actor;
  }
}

export interface Answer {
  status: number;
  body: Record<string, unknown> & { patientId: string; code: string };
  text: string;
}

/** The patient service over HTTP on a database of its own, with the log in memory. */
export async function startPatientApp() {
  const database = await freshDatabase();
  const clock = new ManualClock(Date.parse(NOW));
  const wake = new LocalWake();
  const store = new InMemoryEventStore({ wake });
  const dataSource = await createDataSource(database.url, { entities: patientService.entities, migrations: patientService.migrations, schemas: ['patient'] });
  const feeds = new Feeds({ store, dataSource, wake });
  const rpc = new InProcessRpc();
  const logged: string[] = [];
  const app = await createApp(rootModule({ store, clock, rpc, dataSource, feeds }), { clock, tokenVerifier: new PlainTokens(), title: 'Patients', log: recorder(logged), requestLogShare: 1 });
  feeds.start();
  return {
    clock,
    store,
    rpc,
    feeds,
    dataSource,
    logged,
    request: (actor: Actor, method: string, path: string, body?: object, key?: string) => request(app, actor, method, path, body, key),
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
export type PatientApp = Awaited<ReturnType<typeof startPatientApp>>;

function rootModule({ store, clock, rpc, dataSource, feeds }: { store: EventStore; clock: Clock; rpc: Rpc; dataSource: DataSource; feeds: Feeds }) {
  const provide = [
    { provide: EventStore, useValue: store },
    { provide: Clock, useValue: clock },
    { provide: Rpc, useValue: rpc },
    { provide: DataSource, useValue: dataSource },
    { provide: Feeds, useValue: feeds },
    { provide: PlatformConfig, useValue: Object.assign(new PlatformConfig(), { TALON_VAULT_KEY: Buffer.alloc(32, 9).toString('base64') }) },
  ];
  @Global()
  @Module({ providers: provide, exports: provide.map(({ provide: token }) => token) })
  class TestPlatform {}
  @Module({ imports: [TestPlatform, patientService.module] })
  class Root {}
  return Root;
}

function recorder(lines: string[]) {
  const write = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message, error: String((fields as { err?: unknown }).err) }));
  return { debug: write, info: write, warn: write, error: write };
}

async function request(app: NestFastifyApplication, actor: Actor, method: string, path: string, body?: object, key?: string): Promise<Answer> {
  const response = await app.inject({
    method: method as 'GET',
    url: `/v1/patients${path}`,
    headers: {
      authorization: `Bearer ${Buffer.from(JSON.stringify(actor)).toString('base64url')}`,
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { payload: JSON.stringify(body) }),
  });
  return { status: response.statusCode, body: (response.body ? response.json() : {}) as Answer['body'], text: response.body };
}
