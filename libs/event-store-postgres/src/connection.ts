import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import { type ClientBase, Pool, type PoolConfig } from 'pg';

export const CONNECT_TIMEOUT_MS = 5_000;
/** A server that says nothing for so long is treated as lost. */
export const QUERY_TIMEOUT_MS = 15_000;
/** Attempts in all for one statement whose connection is lost; with the pauses below about 8 s, enough for a restart of the server. */
export const ATTEMPTS_MAX = 12;
const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 1_000;
/** By name, because Jest gives every spec classes of its own. */
const MISTAKES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/**
 * Durability and plans must not depend on how the server or the database is set up. Plans are made when tables are nearly empty and kept:
 * a sequential scan chosen then would be ruinous later.
 */
const SESSION = `
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
  set default_transaction_isolation = 'read committed';
  set default_transaction_read_only = off;
  set enable_seqscan = off;
  set plan_cache_mode = force_generic_plan;
  set jit = off`;

/** A pool whose sessions are set up alike and whose idle connections may break without taking the process down. */
export function openPool(url: string, max: number, onError: (error: unknown) => void): Pool {
  const setUp = async (client: ClientBase): Promise<void> => {
    client.on('error', onError);
    await client.query(SESSION);
  };
  const config: PoolConfig = {
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'talon-event-store',
    onConnect: setUp,
  };
  const pool = new Pool(config);
  pool.on('error', onError);
  return pool;
}

/**
 * Whether the statement may simply be tried again: the connection, not the statement, is at fault. SQLSTATE classes: 08 connection,
 * 40 rolled back by the server, 53 out of resources, 57 shut down or cancelled, 58 system error; 25006 is a standby that will be promoted.
 */
export function isLost(error: unknown): boolean {
  if (!types.isNativeError(error) || MISTAKES.has(error.name)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const isSqlState = 'severity' in error && /^[0-9A-Z]{5}$/.test(code);
  return isSqlState ? /^(08|40|53|57|58|25006)/.test(code) : true;
}

/** Runs `attempt` again, after growing pauses, as long as the connection is lost; at most ATTEMPTS_MAX times. Throws the last error. */
export async function persist<T>(attempt: () => Promise<T>, isClosed: () => boolean): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLost(error) || attempts >= ATTEMPTS_MAX || isClosed()) throw error;
      await sleep(Math.min(PAUSE_FIRST_MS * 2 ** (attempts - 1), PAUSE_MAX_MS));
    }
  }
}
