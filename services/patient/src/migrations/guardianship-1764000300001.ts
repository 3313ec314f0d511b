import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Read model: whom a patient may act for. */
export class PatientGuardianship1764000300001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE patient.guardianship (
      guardian_id uuid NOT NULL,
      patient_id uuid NOT NULL,
      scope text NOT NULL,
      expires_at text,
      PRIMARY KEY (guardian_id, patient_id)
    )`);
    await runner.query('CREATE INDEX guardianship_patient ON patient.guardianship (patient_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE patient.guardianship');
  }
}
