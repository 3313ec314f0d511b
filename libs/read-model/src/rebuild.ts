import { type EventStore, START } from '@talon/event-sourcing';
import type { DataSource, EntityManager } from 'typeorm';
import type { Projection, Rebuilt } from './consumer';
import type { Cursors } from './cursors';

/** Events read and applied at once. */
const REBUILD_BATCH_MAX = 2_000;
const TABLE = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/;

/** Empties the tables, applies the log up to the cursor and compares with what was there, all in one transaction. */
export async function rebuildProjection(
  projection: Projection,
  { store, dataSource, cursors }: { store: EventStore; dataSource: DataSource; cursors: Cursors },
): Promise<Rebuilt> {
  const startedAt = performance.now();
  const wrong = projection.tables.find((table) => !TABLE.test(table));
  if (wrong !== undefined) throw new Error(`not a table name: ${wrong}`);
  const report = await dataSource.transaction(async (tx) => {
    await tx.query('SET LOCAL synchronous_commit = off');
    await tx.query("SET LOCAL work_mem = '64MB'");
    const cursor = (await cursors.lock(tx, projection.name, 'wait'))?.position ?? START;
    for (const [index, table] of projection.tables.entries()) {
      await tx.query(`CREATE TEMPORARY TABLE rebuild_before_${index} ON COMMIT DROP AS TABLE ${table}`);
      // DELETE instead of TRUNCATE: readers go on seeing the old rows.
      await tx.query(`DELETE FROM ${table}`);
    }
    const events = await applyUpTo(cursor, projection, store, tx);
    let rows = 0;
    let differences = 0;
    for (const [index, table] of projection.tables.entries()) {
      const compared = await compare(tx, `rebuild_before_${index}`, table);
      rows += compared.rows;
      differences += compared.differences;
    }
    return { name: projection.name, events, rows, differences };
  });
  return { ...report, seconds: (performance.now() - startedAt) / 1000 };
}

async function applyUpTo(cursor: number, projection: Projection, store: EventStore, tx: EntityManager): Promise<number> {
  const read = (after: number) => store.readAll(after, { max: REBUILD_BATCH_MAX, filter: projection.filter });
  let events = 0;
  let reading = read(START);
  for (;;) {
    const page = await reading;
    const last = page.position >= cursor || page.atEnd;
    // The next page is read while this one is applied; a failure surfaces when it is waited for.
    if (!last) (reading = read(page.position)).catch(() => undefined);
    const wanted = page.events.filter(({ position }) => position <= cursor);
    if (wanted.length > 0) await projection.apply(wanted, tx);
    events += wanted.length;
    if (last) return events;
  }
}

/** Compares whole rows as text, so that types without equality (json) do not matter. */
async function compare(tx: EntityManager, before: string, now: string): Promise<{ rows: number; differences: number }> {
  const missing = (left: string, right: string) => `SELECT l::text FROM ${left} l EXCEPT ALL SELECT r::text FROM ${right} r`;
  const [counted] = await tx.query<{ rows: string; differences: string }[]>(
    `SELECT (SELECT count(*) FROM ${now}) AS rows,
      (SELECT count(*) FROM (${missing(before, now)}) a) + (SELECT count(*) FROM (${missing(now, before)}) b) AS differences`,
  );
  return { rows: Number(counted?.rows), differences: Number(counted?.differences) };
}
