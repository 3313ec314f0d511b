import type { EntityManager } from 'typeorm';

/** Rows per statement; they travel as one JSON parameter, so PostgreSQL's limit of 65 535 parameters never matters. */
const UPSERT_ROWS_MAX = 5_000;

/**
 * Inserts rows, or replaces the given columns of those whose primary key exists already. A key may occur once per call
 * (fold duplicates first: the last one wins), and every row must set the same columns. Columns that no row sets get their
 * default on insert and stay as they are on update. Values pass through JSON: Date, numbers, text, arrays, plain objects (jsonb).
 */
export async function upsertRows<Row extends object>(tx: EntityManager, entity: new () => Row, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const metadata = tx.connection.getMetadata(entity);
  const valueOf = (row: Row, property: string) => (row as Record<string, unknown>)[property];
  const given = metadata.columns.filter(({ propertyName }) => rows.some((row) => valueOf(row, propertyName) !== undefined));
  const names = given.map((column) => `"${column.databaseName}"`).join(', ');
  const keys = metadata.primaryColumns.map((column) => `"${column.databaseName}"`).join(', ');
  const replaced = given.filter((column) => !column.isPrimary).map(({ databaseName }) => `"${databaseName}" = excluded."${databaseName}"`);
  const table = metadata.tablePath.split('.').map((part) => `"${part}"`).join('.');
  const sql = `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${table}, $1::json)
    ON CONFLICT (${keys}) DO ${replaced.length > 0 ? `UPDATE SET ${replaced.join(', ')}` : 'NOTHING'}`;
  for (let from = 0; from < rows.length; from += UPSERT_ROWS_MAX) {
    const records = rows
      .slice(from, from + UPSERT_ROWS_MAX)
      .map((row) => Object.fromEntries(given.map(({ databaseName, propertyName }) => [databaseName, valueOf(row, propertyName)])));
    await tx.query(sql, [JSON.stringify(records)]);
  }
}
