import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchDevToken } from '@talon/http';
import type { Role } from '@talon/kernel';

const READY_MS_MAX = 60_000;

interface Server {
  url: string;
  pid: number;
  stop(): Promise<void>;
}
interface Servers {
  startPostgres(options: { dataDir: string }): Promise<Server>;
  startRedis(options: { dataDir: string }): Promise<Server>;
  startNats(options: { dataDir: string }): Promise<Server>;
}

/** A platform of its own for measuring: real servers with durability on, `standalone` with its bench routes, nothing shared with a running one. */
export interface BenchPlatform {
  host: string;
  port: number;
  databaseUrl: string;
  pids: { postgres: number; redis: number; nats: number; talon: number };
  token(role: Role, ids?: { portalId?: string }): Promise<string>;
  stop(): Promise<void>;
}

export async function startPlatform(root: string): Promise<BenchPlatform> {
  const home = await mkdtemp(join(tmpdir(), 'talon-bench-'));
  const servers = (await import(join(root, 'deploy/local/servers.mjs'))) as Servers;
  const started: Server[] = [];
  const start = async (server: Promise<Server>) => {
    const ready = await server;
    started.push(ready);
    return ready;
  };
  let talon: ChildProcess | undefined;
  const stop = async () => {
    if (talon && talon.exitCode === null) {
      const gone = new Promise((resolve) => talon!.once('exit', resolve));
      talon.kill('SIGTERM');
      await Promise.race([gone, sleep(15_000).then(() => talon!.kill('SIGKILL'))]);
    }
    for (const server of started.reverse()) await server.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const postgres = await start(servers.startPostgres({ dataDir: join(home, 'postgres') }));
    const redis = await start(servers.startRedis({ dataDir: join(home, 'redis') }));
    const nats = await start(servers.startNats({ dataDir: join(home, 'nats') }));
    const [port, issuerPort] = [await freePort(), await freePort()];
    const keysDir = join(home, 'keys');
    const log = createWriteStream(join(home, 'talon.log'));
    talon = spawn(process.execPath, [join(root, 'services/standalone/dist/main.js')], {
      env: {
        ...process.env,
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        NATS_URL: nats.url,
        TALON_PORT: String(port),
        TALON_ISSUER_PORT: String(issuerPort),
        TALON_DEV_KEYS: keysDir,
        TALON_VAULT_KEY: randomBytes(32).toString('base64'),
        TALON_BENCH: '1',
        TALON_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    talon.stdout!.pipe(log);
    talon.stderr!.pipe(process.stderr);
    await untilReady(`http://127.0.0.1:${port}/health/ready`, talon);
    return {
      host: '127.0.0.1',
      port,
      databaseUrl: postgres.url,
      pids: { postgres: postgres.pid, redis: redis.pid, nats: nats.pid, talon: talon.pid! },
      token: (role, ids = {}) => fetchDevToken(`http://127.0.0.1:${issuerPort}`, keysDir, { role, ...ids }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(url: string, child: ChildProcess) {
  const deadlineMs = Date.now() + READY_MS_MAX;
  while (Date.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error(`standalone ended with exit code ${child.exitCode} before it was ready`);
    const ready = await fetch(url).then((response) => response.ok, () => false);
    if (ready) return;
    await sleep(200);
  }
  throw new Error(`standalone was not ready after ${READY_MS_MAX / 1000} s`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
