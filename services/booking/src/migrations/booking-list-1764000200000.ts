import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The list of bookings, with the indexes that patients, desks, claims and the end of holds read by. */
export class BookingList1764000200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE booking.booking_list (
      booking_id uuid PRIMARY KEY,
      patient_id uuid NOT NULL,
      claim_shard smallint NOT NULL,
      status text NOT NULL,
      session_id uuid NOT NULL,
      hospital_id uuid NOT NULL,
      slot int NOT NULL,
      starts_at text COLLATE "C" NOT NULL,
      ends_at text COLLATE "C" NOT NULL,
      date text COLLATE "C" NOT NULL,
      zone text NOT NULL,
      day_moves int NOT NULL,
      portal_id text,
      price jsonb,
      hold_expires_at text COLLATE "C"
    ) WITH (fillfactor = 90)`);
    await runner.query('CREATE INDEX booking_list_patient ON booking.booking_list (patient_id, starts_at, booking_id)');
    await runner.query('CREATE INDEX booking_list_session ON booking.booking_list (session_id, starts_at, booking_id)');
    await runner.query(`CREATE INDEX booking_list_claims ON booking.booking_list (claim_shard, date) WHERE status IN ('pending', 'confirmed')`);
    await runner.query(`CREATE INDEX booking_list_holds ON booking.booking_list (hold_expires_at) WHERE status = 'pending'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE booking.booking_list');
  }
}
