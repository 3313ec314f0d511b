import { createHash } from 'node:crypto';
import { commonError } from '@talon/kernel';
import { createClient, ErrorReply } from 'redis';
import type { LuaCommand } from './lua-command';

/** How long a command waits for a connection before it is refused. */
export const REDIS_WAIT_MS = 1_000;
/** Pause before connecting again, at most. */
export const REDIS_RECONNECT_MS_MAX = 300;
/** A server that says nothing for so long is taken for dead; commands in flight are refused then. */
export const REDIS_SILENCE_MS_MAX = 3_000;
const PING_MS = 1_000;

const makeClient = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    // The silence of the whole connection is what ends a command; a timer and a signal per command cost more than the command.
    commandOptions: { timeout: undefined },
    socket: {
      connectTimeout: REDIS_SILENCE_MS_MAX,
      socketTimeout: REDIS_SILENCE_MS_MAX,
      reconnectStrategy: (retries) => Math.min(20 * (retries + 1), REDIS_RECONNECT_MS_MAX),
    },
  });
export type RedisClient = ReturnType<typeof makeClient>;

/** Replies that say "not now" rather than "wrong command". */
const NOT_NOW = /^(OOM|LOADING|READONLY|MISCONF|BUSY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN)/;

/**
 * The only way to Redis. It lets nothing pass before it knows which server it talks to: the run id of the server is part of every key, so
 * what a restarted, restored or promoted server remembers is never believed.
 */
export class RedisGate {
  private currentGeneration = '';
  private opened: Promise<void>;
  private open = false;
  private resolveOpened!: () => void;

  private constructor(
    /** For plain commands on keys that carry `generation` by hand. Rejects at once while disconnected. */
    readonly client: RedisClient,
    private readonly keyPrefix: string,
  ) {
    this.opened = new Promise((resolve) => (this.resolveOpened = resolve));
    client.on('ready', () => void this.recognise());
    client.on('error', () => this.shut());
    client.on('reconnecting', () => this.shut());
    client.on('end', () => this.shut());
  }

  /**
   * @param options.keyPrefix goes in front of the generation, e.g. to share a server between test suites
   * @throws when the server cannot be reached at all at start
   */
  static async connect(url: string, options: { keyPrefix?: string } = {}): Promise<RedisGate> {
    const gate = new RedisGate(makeClient(url), options.keyPrefix ?? '');
    const failed = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(commonError('unavailable', 'Redis does not answer')), REDIS_SILENCE_MS_MAX);
      timer.unref();
    });
    try {
      await Promise.race([gate.client.connect().then(() => gate.opened), failed]);
    } catch (error) {
      gate.client.destroy();
      throw error;
    }
    return gate;
  }

  /** Prefix of every key, from the run id of the server; another one whenever the server is another one. */
  get generation(): string {
    return this.currentGeneration;
  }

  /** Whether a command would pass at once. */
  get isOpen(): boolean {
    return this.open;
  }

  /**
   * Runs a script: EVALSHA, then EVAL when the server does not know it. Commands of one tick travel together.
   * @throws {DomainError} `talon/unavailable` while there is no connection (after 1 s) or when it broke; the outcome is then unknown
   */
  async run<Req, Res>(command: LuaCommand<Req, Res>, request: Req): Promise<Res> {
    if (!this.open) await this.waitUntilOpen();
    const keys = command.keys(request);
    const tail = [String(keys.length)] as (string | Buffer)[];
    for (const key of keys) tail.push(`${this.currentGeneration}:${key}`);
    for (const arg of command.args(request)) tail.push(typeof arg === 'number' ? String(arg) : arg);
    let reply: unknown;
    try {
      reply = await this.evaluate(command.sha, command.source, tail);
    } catch (error) {
      throw translate(error, command.name);
    }
    if (!Array.isArray(reply) || typeof reply[0] !== 'string') throw new Error(`${command.name}.lua did not answer {tag, …}`);
    return command.reply(reply[0], reply.slice(1), request);
  }

  /** Ends the connection; commands in flight finish first, for at most a second. */
  async close(): Promise<void> {
    this.shut();
    if (!this.client.isOpen) return;
    const timer = setTimeout(() => this.client.isOpen && this.client.destroy(), REDIS_WAIT_MS);
    await this.client.close().catch(() => undefined);
    clearTimeout(timer);
  }

  private async evaluate(sha: string, source: string, tail: (string | Buffer)[]): Promise<unknown> {
    try {
      return await this.client.sendCommand(['EVALSHA', sha, ...tail]);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.client.sendCommand(['EVAL', source, ...tail]);
    }
  }

  private async recognise() {
    try {
      const info = await this.client.info('server');
      const runId = /run_id:(\S+)/.exec(info)?.[1];
      if (!runId) throw new Error('INFO server has no run_id');
      this.currentGeneration = this.keyPrefix + createHash('sha1').update(runId).digest('base64url').slice(0, 8);
      this.open = true;
      this.resolveOpened();
    } catch {
      // The connection broke again before it was recognised; the next `ready` tries anew.
      this.shut();
    }
  }

  private shut() {
    if (!this.open) return;
    this.open = false;
    this.opened = new Promise((resolve) => (this.resolveOpened = resolve));
  }

  private async waitUntilOpen() {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), REDIS_WAIT_MS)));
    const outcome = await Promise.race([this.opened, late]);
    clearTimeout(timer);
    if (outcome === 'late') throw commonError('unavailable', 'The fast copy (Redis) does not answer');
  }
}

function translate(error: unknown, name: string): unknown {
  if (error instanceof ErrorReply && !NOT_NOW.test(error.message)) return new Error(`${name}.lua: ${error.message}`);
  return commonError('unavailable', 'The fast copy (Redis) did not answer');
}
