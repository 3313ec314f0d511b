import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformConfig, type RunningApp, startApp } from '@talon/platform';
import { type TestNats, type TestServer, freshDatabase, startNats, startRedis } from '@talon/testing';
import { type DevIssuer, startDevIssuer } from '../adapters/oidc/dev-issuer';
import { SERVICES, StandaloneModule } from '../standalone.module';
import { Api, Tokens } from './api';

/** Servers and an issuer of a spec's own. */
export class Surroundings {
  private constructor(
    readonly database: Awaited<ReturnType<typeof freshDatabase>>,
    readonly redis: TestServer,
    readonly nats: TestNats,
    readonly issuer: DevIssuer,
    private readonly keysDir: string,
    readonly tokens: Tokens,
  ) {}

  static async start(): Promise<Surroundings> {
    const keysDir = mkdtempSync(join(tmpdir(), 'talon-issuer-'));
    const [database, redis, nats, issuer] = await Promise.all([freshDatabase(), startRedis(), startNats(), startDevIssuer({ port: 0, host: '127.0.0.1', keysDir })]);
    return new Surroundings(database, redis, nats, issuer, keysDir, new Tokens(issuer.issuer, keysDir));
  }

  /** What a process needs to use them. */
  settings() {
    return {
      DATABASE_URL: this.database.url,
      REDIS_URL: this.redis.url,
      NATS_URL: this.nats.url,
      TALON_ISSUER: this.issuer.issuer,
      TALON_VAULT_KEY: Buffer.alloc(32, 7).toString('base64'),
      TALON_LOG_LEVEL: 'silent' as const,
    };
  }

  async stop(): Promise<void> {
    await this.issuer.stop();
    await Promise.all([this.database.drop(), this.redis.stop(), this.nats.stop()]);
    rmSync(this.keysDir, { recursive: true, force: true });
  }
}

/** The whole platform as `standalone` composes it, in the process of the spec. */
export async function startComposed(surroundings: Surroundings): Promise<{ running: RunningApp; api: Api }> {
  const config = Object.assign(new PlatformConfig(), surroundings.settings(), { TALON_PORT: 0, TALON_DATABASE_CONNECTIONS: 8 });
  const running = await startApp(config, SERVICES, { rpc: 'in-process', title: 'Talon', modules: [StandaloneModule] });
  return { running, api: new Api(running.url, surroundings.tokens) };
}
