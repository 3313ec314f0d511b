// The processes of one running platform: started in order, recorded at once, stopped in the opposite order.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILED, HOME, ROOT } from './paths.mjs';
import { explainLog, freePort, launch, sleep, stopProcess, Trouble } from './processes.mjs';
import { writeRecord } from './run-record.mjs';
import { startNats, startPostgres, startRedis } from './servers.mjs';

const READY_MS = 60_000;
const READY_POLL_MS = 150;
const STOP_MS = 15_000;
const LOG_MAX_BYTES = 50 * 1024 * 1024;
const STANDALONE = join(ROOT, 'services', 'standalone', 'dist', 'main.js');

export class Platform {
  #fail;
  /** Rejects when a process of the platform ends by itself. */
  failure = new Promise((_, reject) => (this.#fail = reject));
  #stopping = false;

  /** @param record the content of run.json, kept up to date from here on */
  constructor(record) {
    this.record = record;
    this.dir = join(HOME, record.mode);
    this.failure.catch(() => {});
  }

  /** Removes what earlier starts of this mode left; with a database of somebody else's, everything but the keys to it. */
  clear({ keepSecrets }) {
    for (const part of keepSecrets ? ['postgres', 'redis', 'nats', 'logs', 'ports.json', 'demo.json'] : ['']) {
      rmSync(join(this.dir, part), { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /**
   * Starts PostgreSQL, Redis and NATS, except those that are given.
   * @param given name of the variable → address of an existing server
   * @param docker name of the variable → whether to use Docker
   */
  async startServers(given, docker) {
    for (const part of ['', 'logs']) mkdirSync(join(this.dir, part), { recursive: true });
    const ports = this.#readPorts();
    const start = async (variable, name, launcher) => {
      if (given[variable]) return [variable, given[variable]];
      const server = await launcher({
        dataDir: join(this.dir, name), port: ports[name], logFile: this.#log(name), docker: docker[variable],
        onLaunch: (process) => this.#launched(process),
      });
      ports[name] = server.port;
      this.#watch(server);
      return [variable, server.url];
    };
    const started = await Promise.allSettled([
      start('DATABASE_URL', 'postgres', startPostgres), start('REDIS_URL', 'redis', startRedis), start('NATS_URL', 'nats', startNats),
    ]);
    const failed = started.find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
    await this.#chooseIssuer(ports);
    writeFileSync(join(this.dir, 'ports.json'), JSON.stringify(ports));
    Object.assign(this.record.env, given, Object.fromEntries(started.map(({ value }) => value)));
    writeRecord(this.record);
  }

  /** Without an issuer in the environment `standalone` runs one for development; the command line tool must know where. */
  async #chooseIssuer(ports) {
    this.record.cli = { TALON_URL: this.record.address };
    if (process.env.TALON_ISSUER) return;
    ports.issuer = Number(process.env.TALON_ISSUER_PORT) || (await freePort(ports.issuer));
    this.record.env.TALON_ISSUER_PORT = String(ports.issuer);
    this.record.cli.TALON_ISSUER = `http://127.0.0.1:${ports.issuer}`;
  }

  /** Keys that must be the same at the next start; the environment's own value goes first. */
  secrets() {
    const dir = join(this.dir, 'secrets');
    const devKeys = process.env.TALON_DEV_KEYS ?? join(dir, 'issuer');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    mkdirSync(devKeys, { recursive: true, mode: 0o700 });
    const file = join(dir, 'vault.key');
    if (!existsSync(file)) {
      writeFileSync(`${file}.new`, randomBytes(32).toString('base64'), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
    Object.assign(this.record.env, { TALON_VAULT_KEY: process.env.TALON_VAULT_KEY ?? readFileSync(file, 'utf8'), TALON_DEV_KEYS: devKeys });
  }

  /** Starts `standalone` and waits until it can book. */
  async startStandalone(show) {
    const { env, address } = this.record;
    if (!existsSync(STANDALONE)) throw new Trouble(`${STANDALONE} is missing: run npm run build and start again.`);
    const child = launch(process.execPath, [STANDALONE], { logFile: this.#log('standalone'), cwd: ROOT, env: { NODE_COMPILE_CACHE: COMPILED, ...process.env, ...env } });
    this.#launched({ name: 'Talon', pid: child.pid, identity: child.identity, signal: 'SIGTERM', group: true });
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const { ready, missing } = await health(address);
      if (ready) break;
      show(missing);
      if (child.failed() !== undefined) throw new Trouble(explainLog('Talon', child.failed(), child.log()));
      if (Date.now() > deadline) {
        throw new Trouble(`${explainLog('Talon', `not ready after ${READY_MS / 1000} s${missing ? `; ${missing}` : ''}`, child.log())}\nThe whole log: ${this.#log('standalone')}`);
      }
      await sleep(READY_POLL_MS);
    }
    this.#watch({ name: 'Talon', exited: child.exited, log: child.log });
  }

  /** Stops everything, the platform before its servers, each within 15 s, by force after that. Repeating it waits for the first. */
  stop() {
    this.#stopping = true;
    return (this.stopped ??= this.#stop());
  }

  async #stop() {
    const [servers, platform] = [(p) => p.name !== 'Talon', (p) => p.name === 'Talon'].map((wanted) => this.record.processes.filter(wanted));
    for (const group of [platform, servers]) {
      await Promise.all(group.map((process) => stopProcess(process, { signal: process.signal, timeoutMs: STOP_MS, group: process.group })));
    }
  }

  #launched(process) {
    this.record.processes.push(process);
    writeRecord(this.record);
    // Stopped while it was starting: `stop` did not know this one yet.
    if (this.#stopping) void stopProcess(process, { signal: 'SIGKILL' });
  }

  #watch({ name, exited, log }) {
    void exited.then((why) => {
      if (!this.#stopping) this.#fail(new Trouble(`${name} ended by itself (${why}). Its last log lines:\n${log() || '(none)'}`));
    });
  }

  #readPorts() {
    try {
      return JSON.parse(readFileSync(join(this.dir, 'ports.json'), 'utf8'));
    } catch {
      return {};
    }
  }

  #log(name) {
    const file = join(this.dir, 'logs', `${name}.log`);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_MAX_BYTES) renameSync(file, `${file}.1`);
    return file;
  }
}

/** @returns whether the platform says it can book, and otherwise what it says is missing */
async function health(address) {
  try {
    const response = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return { ready: response.status === 200, missing: text.slice(0, 300) };
  } catch {
    return { ready: false, missing: '' };
  }
}
