import { DataSource } from 'typeorm';

/** Serialises migrations of all processes on one database. Any constant does; it only must not be used for anything else. */
const MIGRATION_LOCK = 7_325_866_001;
export const POOL_SIZE_DEFAULT = 16;
const CONNECT_TIMEOUT_MS = 5_000;
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;

export interface DataSourceSetup {
  entities: Function[];
  migrations: Function[];
  /** Created when missing, before the first migration. `feeds` always is. */
  schemas: string[];
  /** Connections at most, 4 to 100. Opened when needed, closed again when idle. */
  poolSize?: number;
  /** false: somebody else did it, e.g. the primary process. */
  migrate?: boolean;
  /** Told about idle connections that broke; queries reconnect by themselves. */
  onError?: (error: Error) => void;
}

/**
 * Connects and brings the schemas up to date. Several processes may do so at once: they wait for each other, and a migration runs once.
 * Migrations of all services are kept in `feeds.migrations`, by class name.
 * @throws when PostgreSQL cannot be reached or a migration fails (nothing of that migration is kept)
 */
export async function createDataSource(url: string, setup: DataSourceSetup): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    schema: 'feeds',
    entities: setup.entities,
    migrations: setup.migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    applicationName: 'talon-read-model',
    poolSize: setup.poolSize ?? POOL_SIZE_DEFAULT,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    poolErrorHandler: (error: Error) => setup.onError?.(error),
  });
  await dataSource.initialize();
  try {
    if (setup.migrate !== false) await migrate(dataSource, setup.schemas);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

async function migrate(dataSource: DataSource, schemas: string[]) {
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    for (const schema of ['feeds', ...schemas]) {
      if (!IDENTIFIER.test(schema)) throw new Error(`not a schema name: ${schema}`);
      await lock.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    }
    await lock.query(`CREATE TABLE IF NOT EXISTS feeds.cursors (
      name text PRIMARY KEY,
      position bigint NOT NULL,
      failure text,
      note text,
      updated_at timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 50)`);
    await dataSource.runMigrations();
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
  }
}
