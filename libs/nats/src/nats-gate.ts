import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection as Client, type Subscription } from '@nats-io/transport-node';
import { newId } from '@talon/kernel';

const RECONNECT_MS = 250;
const RECONNECT_JITTER_MS = 250;
const CONNECT_TIMEOUT_MS = 2_000;
/** Two pings without an answer make a silent server count as gone. */
const PING_INTERVAL_MS = 5_000;
const PINGS_OUT_MAX = 2;
const CLOSE_MS_MAX = 2_000;

export interface NatsOptions {
  /** Seen in the server's connection list. */
  name?: string;
  /** Told when the connection breaks, is refused or returns; for the log. */
  onChange?: (connected: boolean, error?: unknown) => void;
}

/**
 * One connection for everything this process does over NATS. It connects in the background and for ever: a process starts and works
 * without NATS, only what needs it waits. Subscriptions survive reconnects.
 */
export class NatsGate {
  /** Tells apart what this process sent. */
  readonly instance = newId();
  private client: Client | undefined;
  private up = false;
  private readonly closing = new AbortController();
  private readonly readyListeners = new Set<(client: Client) => void>();
  private readonly connectListeners = new Set<() => void>();
  private readonly finished: Promise<void>;

  private constructor(private readonly url: string, private readonly options: NatsOptions) {
    this.finished = this.connectForEver();
  }

  /** Never fails and does not wait: `connected` tells. */
  static connect(url: string, options: NatsOptions = {}): NatsGate {
    return new NatsGate(url, options);
  }

  get connected(): boolean {
    return this.up;
  }

  /** The client while connected, else undefined. */
  get current(): Client | undefined {
    return this.up ? this.client : undefined;
  }

  /** Runs `setUp` once there is a client (it outlives reconnects), at once when there is one. */
  whenReady(setUp: (client: Client) => void): void {
    if (this.client) setUp(this.client);
    else this.readyListeners.add(setUp);
  }

  /** Called after every connect and reconnect; at once when connected. @returns a function that ends it */
  onConnect(listener: () => void): () => void {
    this.connectListeners.add(listener);
    if (this.up) listener();
    return () => void this.connectListeners.delete(listener);
  }

  /** Tells every process that listens to `topic`, this one left out. Best effort: lost while NATS is away. */
  broadcast(topic: string, value: unknown): void {
    this.current?.publish(`_talon.${topic}`, JSON.stringify({ from: this.instance, value }));
  }

  /** Hears what other processes broadcast. A listener must not throw. */
  onBroadcast(topic: string, listener: (value: unknown) => void): void {
    this.whenReady((client) => {
      client.subscribe(`_talon.${topic}`, {
        callback: (error, message) => {
          if (error) return;
          const { from, value } = message.json<{ from: string; value: unknown }>();
          if (from !== this.instance) listener(value);
        },
      });
    });
  }

  /** Waits until connected. @returns false when it was not within `timeoutMs` */
  async waitUntilConnected(timeoutMs: number): Promise<boolean> {
    if (this.up) return true;
    return new Promise((resolve) => {
      const settle = (connected: boolean) => {
        clearTimeout(timer);
        stop();
        resolve(connected);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      const stop = this.onConnect(() => settle(true));
    });
  }

  /** Answers requests under way, then disconnects. Bounded to two seconds. */
  async close(): Promise<void> {
    this.closing.abort();
    if (this.client && !this.client.isClosed()) {
      const drained = this.up ? this.client.drain() : this.client.close();
      await Promise.race([drained.catch(() => undefined), pause(CLOSE_MS_MAX, undefined, { ref: false })]);
      await this.client.close().catch(() => undefined);
    }
    await this.finished;
  }

  /** The client ignores user and password in an address; they are options of their own. */
  private address() {
    const { host, username, password, protocol } = new URL(this.url);
    return {
      servers: host,
      ...(username !== '' && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
      ...(protocol === 'tls:' && { tls: {} }),
    };
  }

  private async connectForEver() {
    while (!this.closing.signal.aborted) {
      try {
        this.client = await connect({
          ...this.address(),
          name: this.options.name ?? 'talon',
          maxReconnectAttempts: -1,
          reconnectTimeWait: RECONNECT_MS,
          reconnectJitter: RECONNECT_JITTER_MS,
          timeout: CONNECT_TIMEOUT_MS,
          pingInterval: PING_INTERVAL_MS,
          maxPingOut: PINGS_OUT_MAX,
        });
        if (this.closing.signal.aborted) return void (await this.client.close());
        for (const setUp of this.readyListeners) setUp(this.client);
        this.readyListeners.clear();
        this.change(true);
        await this.follow(this.client);
      } catch (error) {
        this.change(false, error);
      }
      await pause(RECONNECT_MS, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  /** Until the connection is closed for good, which only `close` does. */
  private async follow(client: Client) {
    for await (const status of client.status()) {
      if (status.type === 'disconnect') this.change(false);
      if (status.type === 'reconnect') this.change(true);
      if (status.type === 'close') break;
    }
    await client.closed();
    this.change(false);
  }

  private change(connected: boolean, error?: unknown) {
    const news = connected !== this.up;
    this.up = connected;
    if (news || error !== undefined) this.options.onChange?.(connected, error);
    if (connected && news) for (const listener of this.connectListeners) listener();
  }
}

export type { Client as NatsClient, Subscription as NatsSubscription };
