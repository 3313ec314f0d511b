import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Open holds by their end, and how far the sweeps have come. */
export class InventoryHolds1764000400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE inventory.holds (
      session_id uuid NOT NULL,
      slot integer NOT NULL,
      booking_id uuid NOT NULL,
      hold_until text COLLATE "C" NOT NULL,
      PRIMARY KEY (session_id, slot)
    )`);
    await runner.query('CREATE INDEX holds_by_end ON inventory.holds (hold_until)');
    await runner.query('CREATE TABLE inventory.sweeps (name text PRIMARY KEY, position bigint NOT NULL)');
    await runner.query(`INSERT INTO inventory.sweeps VALUES ('orphans', -1)`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE inventory.sweeps');
    await runner.query('DROP TABLE inventory.holds');
  }
}
