import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The vault: one encrypted row per patient, and the keyed hashes of documents. */
export class PatientVault1764000300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE patient.vault (
      patient_id uuid PRIMARY KEY,
      key_id text NOT NULL,
      wrapped_key bytea,
      ciphertext bytea,
      version integer NOT NULL,
      fingerprint text NOT NULL,
      kept_at timestamptz NOT NULL DEFAULT now(),
      CHECK ((wrapped_key IS NULL) = (ciphertext IS NULL))
    )`);
    await runner.query('CREATE TABLE patient.document (blind_index bytea PRIMARY KEY, patient_id uuid NOT NULL)');
    await runner.query('CREATE INDEX document_patient ON patient.document (patient_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE patient.document');
    await runner.query('DROP TABLE patient.vault');
  }
}
