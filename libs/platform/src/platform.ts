import { EventStore } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { type Clock, contentHash, InProcessRpc, type Rpc, SystemClock, type Wake } from '@talon/kernel';
import { EventStream, NatsGate, NatsRpc, NatsWake } from '@talon/nats';
import { HealthRegistry, PrometheusMetrics, createLogger, createRegistry } from '@talon/observability';
import { Feeds, createDataSource } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { bootStep } from './boot-error';
import type { PlatformConfig } from './config';
import { watchFeeds } from './feed-health';
import { RehearsalClock } from './rehearsal-clock';
import { Relay } from './relay';
import type { ServiceDefinition } from './service-definition';

export interface PlatformOptions {
  /** How services reach each other: in one process, or over NATS. */
  rpc: 'in-process' | 'nats';
  /** In the log, the metrics and NATS's connection list. Default: the services' names. */
  name?: string;
  /** false: another process has brought the schemas up to date. */
  migrate?: boolean;
}

export type PlatformLog = ReturnType<typeof createLogger>;

/** Everything services share, opened once per process. */
export interface Platform {
  config: PlatformConfig;
  services: ServiceDefinition[];
  store: EventStore;
  clock: Clock;
  rpc: Rpc;
  wake: Wake;
  dataSource: DataSource;
  redis: RedisGate;
  nats: NatsGate;
  feeds: Feeds;
  log: PlatformLog;
  registry: Registry;
  health: HealthRegistry;
  metrics: PrometheusMetrics;
  /** Closes what was opened, last first. A repeat changes nothing. */
  close(): Promise<void>;
}

/** What `close` undoes, last first. */
type Undo = (() => Promise<unknown>)[];

/**
 * Connects to everything and brings the schemas up to date. Feeds are not started.
 * @throws {BootError} one sentence that names the environment variable to look at; nothing stays open then
 */
export async function openPlatform(config: PlatformConfig, services: ServiceDefinition[], options: PlatformOptions): Promise<Platform> {
  const name = options.name ?? services.map((service) => service.name).join('+');
  const log = createLogger({ service: name, level: config.TALON_LOG_LEVEL });
  const undo: Undo = [];
  try {
    return await open(config, services, { ...options, name }, log, undo);
  } catch (error) {
    await unwind(undo, log);
    throw error;
  }
}

async function open(
  config: PlatformConfig,
  services: ServiceDefinition[],
  options: PlatformOptions & { name: string },
  log: PlatformLog,
  undo: Undo,
): Promise<Platform> {
  const warn = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const nats = NatsGate.connect(config.NATS_URL, { name: options.name, onChange: natsLog(log) });
  undo.push(() => nats.close());
  const wake = new NatsWake(nats);
  const dataSource = await openDataSource(config, services, options, warn('PostgreSQL connection'));
  undo.push(() => dataSource.destroy());
  const store = await openStore(config, wake, options, warn('event store'));
  undo.push(() => store.close());
  const redis = await bootStep('Redis at REDIS_URL cannot be used: check that it runs and that the address is right', async () =>
    RedisGate.connect(config.REDIS_URL, { keyPrefix: await redisPrefix(config, store) }),
  );
  undo.push(() => redis.close());
  const clock = config.TALON_REHEARSAL ? await RehearsalClock.start(store, nats) : new SystemClock();
  const rpc = options.rpc === 'nats' ? new NatsRpc(nats, (error, subject) => log.error({ err: error, subject }, 'rpc handler failed')) : new InProcessRpc();
  const onFailure = (error: unknown, feed?: string) => log.warn({ err: error, feed }, 'feed failed and goes on trying');
  const feeds = new Feeds({ store, dataSource, wake, onFailure });
  undo.push(() => feeds.stop());
  attachRelays(services, options.rpc, { store, nats, feeds, onFailure });
  const registry = createRegistry(options.name);
  const health = checkHealth({ store, dataSource, redis, nats, rpc: options.rpc });
  watchFeeds(feeds, { registry, health });
  const platform = { config, services, store, clock, rpc, wake, dataSource, redis, nats, feeds, log, registry, health };
  return { ...platform, metrics: new PrometheusMetrics(registry), close: () => unwind(undo, log) };
}

const natsLog = (log: PlatformLog) => (connected: boolean, error?: unknown) => {
  if (connected) log.info({}, 'connected to NATS');
  else log.warn({ ...(error !== undefined && { err: error }) }, 'not connected to NATS; bookings go on, and the relay follows when it is back');
};

async function unwind(undo: Undo, log: PlatformLog) {
  for (const close of undo.splice(0).reverse()) {
    await close().catch((error: unknown) => log.warn({ err: error }, 'not closed cleanly'));
  }
}

function openDataSource(config: PlatformConfig, services: ServiceDefinition[], options: PlatformOptions, onError: (error: unknown) => void) {
  return bootStep('PostgreSQL at DATABASE_URL cannot be used: check that it runs and that the address is right', () =>
    createDataSource(config.DATABASE_URL, {
      entities: services.flatMap(({ entities }) => entities),
      migrations: services.flatMap(({ migrations }) => migrations),
      schemas: services.map(({ name }) => name),
      poolSize: config.TALON_DATABASE_CONNECTIONS,
      migrate: options.migrate,
      onError,
    }),
  );
}

async function openStore(config: PlatformConfig, wake: Wake, options: PlatformOptions, onError: (error: unknown) => void): Promise<EventStore> {
  const { EVENTSTORE_URL: url } = config;
  if (url !== undefined) {
    return bootStep('EventStoreDB at EVENTSTORE_URL cannot be used: check that it runs and that the address is right', async () => {
      const { EventStoreDbEventStore } = await import('@talon/eventstoredb');
      return EventStoreDbEventStore.connect(url, { wake });
    });
  }
  return bootStep('the event store in PostgreSQL at DATABASE_URL cannot be used', async () => {
    const store = await PostgresEventStore.connect(config.DATABASE_URL, { wake, onError });
    if (options.migrate !== false) await store.migrate();
    return store;
  });
}

/** A Redis that served another log before must not be believed: keys carry the log's identity, beside the server's. */
async function redisPrefix({ EVENTSTORE_URL }: PlatformConfig, store: EventStore): Promise<string> {
  const identity = store instanceof PostgresEventStore ? await store.identity() : (EVENTSTORE_URL ?? '');
  return `${contentHash(identity).slice(0, 8)}:`;
}

/** Together one relay for all; alone one per service, so that each service's events find their way without the others. */
function attachRelays(
  services: ServiceDefinition[],
  rpc: PlatformOptions['rpc'],
  setup: { store: EventStore; nats: NatsGate; feeds: Feeds; onFailure: (error: unknown, feed: string) => void },
) {
  const speaking = services.flatMap(({ name, outbound }) => (outbound ? [{ name, outbound }] : []));
  const stream = new EventStream(setup.nats);
  if (rpc === 'nats') {
    for (const { name, outbound } of speaking) new Relay(`relay-${name}`, [outbound], { ...setup, stream }).attach(setup.feeds);
  } else if (speaking.length > 0) {
    new Relay('relay', speaking.map(({ outbound }) => outbound), { ...setup, stream }).attach(setup.feeds);
  }
}

function checkHealth({ store, dataSource, redis, nats, rpc }: Pick<Platform, 'store' | 'dataSource' | 'redis' | 'nats'> & Pick<PlatformOptions, 'rpc'>) {
  const health = new HealthRegistry();
  health.add('postgres', async () => void (await dataSource.query('SELECT 1')));
  health.add('event-store', async () => void (await store.head()));
  health.add('redis', async () => void (await redis.client.ping()));
  const natsCheck = async () => {
    if (!nats.connected) throw new Error('not connected');
  };
  // In one process NATS only carries hints and copies; between processes the services need it to talk.
  health.add('nats', natsCheck, { optional: rpc === 'in-process' });
  return health;
}
