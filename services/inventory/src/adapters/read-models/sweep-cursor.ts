import type { DataSource } from 'typeorm';
import { SweepCursor } from '../../application/ports';

/** The cursor is a row; whoever has it locked works, everybody else comes again later. */
export class PostgresSweepCursor extends SweepCursor {
  constructor(
    private readonly dataSource: DataSource,
    private readonly name: string,
  ) {
    super();
  }
  override async advance(step: (position: number) => Promise<number>): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const rows: { position: string }[] = await tx.query('SELECT position FROM inventory.sweeps WHERE name = $1 FOR UPDATE SKIP LOCKED', [this.name]);
      const row = rows[0];
      if (!row) return;
      const from = Number(row.position);
      const to = await step(from);
      if (to > from) await tx.query('UPDATE inventory.sweeps SET position = $2 WHERE name = $1', [this.name, to]);
    });
  }
}
