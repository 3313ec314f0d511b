import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformConfig, type RunningApp, startApp } from '@talon/platform';
import { SERVICES, StandaloneModule } from '@talon/standalone';
import { freshDatabase, startNats, startRedis } from '@talon/testing';
import { startDevIssuer } from '../../../standalone/src/adapters/oidc/dev-issuer';
import { tokenFor } from '../adapters/access';
import { ApiClient } from '../adapters/api-client';
import type { Platform, ProgressFactory } from '../application/ports';

export const silent: ProgressFactory = () => ({ step: () => undefined, stop: () => undefined });

/** The whole platform on servers of its own, as its operators meet it. */
export interface TestPlatform extends Platform {
  config: PlatformConfig;
  running: RunningApp;
  /** The environment in which the command line finds this platform. */
  env: Record<string, string>;
  /** Waits until every list shows what the log says. */
  settled(): Promise<void>;
  /** Starts with an empty database and an empty Redis; NATS and the issuer stay. */
  startOver(): Promise<void>;
  stop(): Promise<void>;
}

/** @param rehearsal false: on real time */
export async function startTestPlatform({ rehearsal = true }: { rehearsal?: boolean } = {}): Promise<TestPlatform> {
  const keysDir = mkdtempSync(join(tmpdir(), 'talon-cli-'));
  const [redis, nats, issuer] = await Promise.all([startRedis(), startNats(), startDevIssuer({ port: 0, host: '127.0.0.1', keysDir })]);
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  const access = { url: '', issuer: issuer.issuer, devKeysDir: keysDir };
  const tokens = await Promise.all([
    tokenFor({ role: 'authority-admin' }, access),
    tokenFor({ role: 'portal', portalId: 'replay' }, access),
    tokenFor({ role: 'operator' }, access),
  ]);
  let clients: ApiClient[] = [];
  const platform = {} as TestPlatform;
  const open = async () => {
    database = await freshDatabase();
    platform.config = Object.assign(new PlatformConfig(), {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      NATS_URL: nats.url,
      TALON_PORT: 0,
      TALON_ISSUER: issuer.issuer,
      TALON_REHEARSAL: rehearsal,
      TALON_VAULT_KEY: Buffer.alloc(32, 7).toString('base64'),
      TALON_DATABASE_CONNECTIONS: 8,
      TALON_LOG_LEVEL: 'silent',
    });
    platform.running = await startApp(platform.config, SERVICES, { rpc: 'in-process', title: 'Talon', modules: [StandaloneModule] });
    clients = tokens.map((token) => new ApiClient(platform.running.url, token, 16));
    [platform.admin, platform.portal, platform.operator] = clients as [ApiClient, ApiClient, ApiClient];
    platform.env = {
      TALON_URL: platform.running.url,
      TALON_ISSUER: issuer.issuer,
      TALON_DEV_KEYS: keysDir,
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      NATS_URL: nats.url,
      TALON_VAULT_KEY: platform.config.TALON_VAULT_KEY!,
      ...(rehearsal && { TALON_REHEARSAL: '1' }),
    };
  };
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()));
    await platform.running?.stop();
    await database?.drop();
  };
  await open();
  return Object.assign(platform, {
    settled: () => settled(platform.running),
    async startOver() {
      await close();
      // Redis too: what it knows belongs to the log that is gone.
      await redis.restart();
      await open();
    },
    async stop() {
      await close();
      await Promise.all([issuer.stop(), redis.stop(), nats.stop()]);
      rmSync(keysDir, { recursive: true, force: true });
    },
  });
}

async function settled({ platform: { feeds, store } }: RunningApp) {
  const position = await store.head();
  for (const { name } of await feeds.lag()) await feeds.caughtUp(name, { position, timeoutMs: 20_000 });
}
