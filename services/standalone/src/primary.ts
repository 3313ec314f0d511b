import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import { WORKERS_MAX, bootStep, openPlatform, readConfig } from '@talon/platform';
import { defaultKeysDir } from './adapters/oidc/dev-keys';
import { type DevIssuer, startDevIssuer } from './adapters/oidc/dev-issuer';
import { StandaloneConfig } from './config';
import { SERVICES } from './standalone.module';
import type { WorkerNews } from './worker';

const RESTART_MS = 200;
const RESTART_MS_MAX = 5_000;
/** More deaths than this within a minute, and the platform gives up: something is wrong that a restart does not mend. */
const DEATHS_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;
/** Workers have 10 s to finish requests; what is left then is killed. */
const STOP_MS_MAX = 12_000;

/** Starts the development issuer where no issuer is configured, brings the schemas up to date once, and keeps the workers running. */
export async function runPrimary(): Promise<void> {
  const config = readConfig(StandaloneConfig);
  const issuer = config.TALON_ISSUER === undefined ? await startIssuer(config) : undefined;
  const crew = new Crew({ ...(issuer && { TALON_ISSUER: issuer.issuer }) }, async (exitCode, message) => {
    if (message !== undefined) process.stderr.write(`${message}\n`);
    await issuer?.stop();
    process.exit(exitCode);
  });
  process.on('SIGTERM', () => crew.stop());
  process.on('SIGINT', () => crew.stop());
  const platform = await openPlatform({ ...config, TALON_LOG_LEVEL: 'silent', TALON_REHEARSAL: false }, SERVICES, { rpc: 'in-process', name: 'standalone-primary' });
  await platform.close();
  crew.start(config.TALON_WORKERS ?? Math.min(availableParallelism(), WORKERS_MAX));
}

function startIssuer(config: StandaloneConfig): Promise<DevIssuer> {
  return bootStep('the development issuer cannot start: check TALON_ISSUER_PORT and TALON_DEV_KEYS, or set TALON_ISSUER to a real one', () =>
    startDevIssuer({
      port: config.TALON_ISSUER_PORT,
      host: '127.0.0.1',
      keysDir: config.TALON_DEV_KEYS ?? defaultKeysDir(),
      audience: config.TALON_AUDIENCE,
    }),
  );
}

/** The workers: the first one alone until it listens, so that a fault in the set-up is told once; then the others. */
class Crew {
  private readonly workers = new Set<Worker>();
  private deaths: number[] = [];
  private wanted = 0;
  private started = false;
  private stopping = false;

  constructor(private readonly env: Record<string, string>, private readonly end: (exitCode: number, message?: string) => Promise<void>) {}

  start(count: number) {
    this.wanted = count;
    if (this.stopping) void this.end(0);
    else this.fork();
  }

  /** Tells every worker to finish; a repeat changes nothing. */
  stop(exitCode = 0, message?: string) {
    if (this.stopping) return;
    this.stopping = true;
    if (this.workers.size === 0) {
      if (this.wanted > 0) void this.end(exitCode, message);
      return;
    }
    const killer = setTimeout(() => this.workers.forEach((worker) => worker.process.kill('SIGKILL')), STOP_MS_MAX);
    this.whenEmpty = () => {
      clearTimeout(killer);
      void this.end(exitCode, message);
    };
    for (const worker of this.workers) worker.process.kill('SIGTERM');
  }

  private whenEmpty: (() => void) | undefined;

  private fork() {
    const worker = cluster.fork(this.env);
    this.workers.add(worker);
    let failure: string | undefined;
    worker.on('message', (news: WorkerNews) => {
      if ('failed' in news) failure = news.failed;
      else if (!this.started) this.startOthers(news.ready);
    });
    worker.on('exit', (code, signal) => {
      this.workers.delete(worker);
      if (this.stopping) {
        if (this.workers.size === 0) this.whenEmpty?.();
      } else if (!this.started) this.stop(1, failure ?? `talon: the first process ended while starting (${signal ?? `exit code ${code}`})`);
      else this.replace(failure ?? `talon: a process ended (${signal ?? `exit code ${code}`})`);
    });
  }

  private startOthers(url: string) {
    this.started = true;
    for (let count = 1; count < this.wanted; count++) this.fork();
    process.stdout.write(`talon: listening on ${url} with ${this.wanted} process${this.wanted === 1 ? '' : 'es'}\n`);
  }

  private replace(message: string) {
    const now = performance.now();
    this.deaths = [...this.deaths.filter((at) => now - at < MINUTE_MS), now];
    if (this.deaths.length > DEATHS_PER_MINUTE_MAX) {
      this.stop(1, `${message}\ntalon: processes ended ${this.deaths.length} times within a minute; giving up`);
      return;
    }
    process.stderr.write(`${message}; starting another one\n`);
    const delay = Math.min(RESTART_MS * 2 ** (this.deaths.length - 1), RESTART_MS_MAX);
    setTimeout(() => void (this.stopping || this.fork()), delay);
  }
}

