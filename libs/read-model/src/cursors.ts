import { START } from '@talon/event-sourcing';
import type { DataSource, EntityManager } from 'typeorm';

const FAILURE_CHARACTERS_MAX = 300;

type CursorRow = { name: string; position: string; failure: string | null; note: string | null };
export type Cursor = { position: number; failure?: string };

/** The table `feeds.cursors`: per consumer the position up to which it has handled everything. */
export class Cursors {
  constructor(private readonly dataSource: DataSource) {}

  async create(names: string[]) {
    await this.dataSource.query('INSERT INTO feeds.cursors (name, position) SELECT unnest($1::text[]), $2 ON CONFLICT DO NOTHING', [names, START]);
  }

  async all(): Promise<Map<string, Cursor>> {
    const rows = await this.dataSource.query<CursorRow[]>('SELECT name, position, failure FROM feeds.cursors');
    return new Map(rows.map(({ name, position, failure }) => [name, { position: Number(position), ...(failure && { failure }) }]));
  }

  /** @returns undefined while another process works on it (or, when waiting, never) */
  async lock(tx: EntityManager, name: string, whenLocked: 'skip' | 'wait'): Promise<{ position: number; note?: string } | undefined> {
    const sql = `SELECT position, note FROM feeds.cursors WHERE name = $1 FOR UPDATE ${whenLocked === 'skip' ? 'SKIP LOCKED' : ''}`;
    const [row] = await tx.query<CursorRow[]>(sql, [name]);
    return row && { position: Number(row.position), ...(row.note !== null && { note: row.note }) };
  }

  async annotate(tx: EntityManager, name: string, note: string) {
    await tx.query('UPDATE feeds.cursors SET note = $2 WHERE name = $1', [name, note]);
  }

  async save(tx: EntityManager, name: string, position: number) {
    await tx.query('UPDATE feeds.cursors SET position = $2, failure = NULL, updated_at = now() WHERE name = $1', [name, position]);
  }

  /** Moves consumers over events that do not concern them; those that moved meanwhile or are being worked on are left alone. */
  async skip(steps: { name: string; from: number; to: number }[]) {
    await this.dataSource.query(
      `WITH step AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS s (name, start, finish)),
        free AS (SELECT c.name, step.finish FROM feeds.cursors c JOIN step ON c.name = step.name AND c.position = step.start
          FOR UPDATE OF c SKIP LOCKED)
      UPDATE feeds.cursors c SET position = free.finish, failure = NULL, updated_at = now() FROM free WHERE c.name = free.name`,
      [steps.map(({ name }) => name), steps.map(({ from }) => from), steps.map(({ to }) => to)],
    );
  }

  async fail(name: string, error: unknown) {
    const failure = String(error).slice(0, FAILURE_CHARACTERS_MAX);
    await this.dataSource.query('UPDATE feeds.cursors SET failure = $2 WHERE name = $1', [name, failure]);
  }
}
