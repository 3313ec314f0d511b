import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from 'pg';

/** A server that runs for one spec file. Forgotten ones are stopped when the test run ends. */
export interface TestServer {
  url: string;
  port: number;
  /** Of the process now running; another one after a restart. */
  pid: number;
  /** Stops it for good; repeating it does nothing. */
  stop(): Promise<void>;
  /** SIGKILL, in the middle of whatever it does; `restart` brings it back. */
  crash(): Promise<void>;
  /** Stops it and starts it again at the same port. Redis comes back empty, NATS with what JetStream had stored. */
  restart(): Promise<void>;
}

export interface TestNats extends TestServer {
  /** Restarts it without anything that JetStream had stored. */
  wipe(): Promise<void>;
}

interface LaunchedServer {
  url: string;
  port: number;
  pid: number;
  identity: string;
  stop(): Promise<boolean>;
}

interface LocalServers {
  startPostgres(options: { dataDir: string; port?: number; durable?: boolean }): Promise<LaunchedServer>;
  startRedis(options: { dataDir: string; port?: number }): Promise<LaunchedServer>;
  startNats(options: { dataDir: string; port?: number }): Promise<LaunchedServer>;
  removeData(dataDir: string): void;
}

interface Guard {
  note(folder: string, server: LaunchedServer): void;
}

const local = (file: string): Promise<unknown> => import(resolve(__dirname, '../../../deploy/local', file));

/**
 * A database of its own in the PostgreSQL that the integration tests share.
 * @throws when the spec is not part of the `int` project (`*.int.spec.ts`)
 */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(shared('TALON_TEST_DATABASE_URL'));
  url.pathname = `/${name}`;
  // FORCE: a pool that a failed spec left open must not keep the others from finishing.
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** A PostgreSQL of its own, for specs that stop it; without fsync. What is stored survives a restart. */
export async function startPostgres(): Promise<TestServer> {
  const { startPostgres: start } = (await local('servers.mjs')) as LocalServers;
  return testServer('postgres', ({ dataDir, port }) => start({ dataDir, port, durable: false }));
}

/** A Redis of its own, empty, without persistence. */
export async function startRedis(): Promise<TestServer> {
  const { startRedis: start } = (await local('servers.mjs')) as LocalServers;
  return testServer('redis', start);
}

/** A nats-server of its own, with JetStream. */
export async function startNats(): Promise<TestNats> {
  const { startNats: start, removeData } = (await local('servers.mjs')) as LocalServers;
  const server = await testServer('nats', start);
  return Object.assign(server, { wipe: () => server.restart(removeData) });
}

const FREE_MS_MAX = 5_000;

type Start = LocalServers['startRedis'];

async function testServer(kind: string, start: Start) {
  const { note } = (await local('guard.mjs')) as Guard;
  const folder = shared('TALON_TEST_DIR');
  const dataDir = join(mkdtempSync(join(folder, `${kind}-`)), 'data');
  const launch = async (port?: number) => {
    const launched = await start({ dataDir, port });
    note(folder, launched);
    return launched;
  };
  let running = await launch();
  const { url, port } = running;
  return {
    url,
    port,
    get pid() {
      return running.pid;
    },
    async stop() {
      await running.stop();
    },
    async crash() {
      process.kill(running.pid, 'SIGKILL');
      await untilFree(port);
    },
    async restart(between?: (dataDir: string) => void) {
      await running.stop();
      await untilFree(port);
      between?.(dataDir);
      running = await launch(port);
      if (running.port !== port) throw new Error(`port ${port} was taken while ${kind} restarted`);
    },
  };
}

/** A process may count as gone while one of its threads still holds the port. */
async function untilFree(port: number) {
  const { portIsFree, sleep } = (await local('processes.mjs')) as { portIsFree(port: number): Promise<boolean>; sleep(ms: number): Promise<void> };
  const deadline = performance.now() + FREE_MS_MAX;
  while (!(await portIsFree(port)) && performance.now() < deadline) await sleep(10);
}

async function administer(sql: string) {
  const client = new Client(shared('TALON_TEST_DATABASE_URL'));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function shared(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: specs that need servers are named *.int.spec.ts and run with the int project`);
  return value;
}
