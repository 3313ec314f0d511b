import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Read models: the directory, sessions, templates. Instants and days are text in C order, so that text order is time order. */
export class ScheduleLists1764000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE schedule.hospital (
      hospital_id uuid PRIMARY KEY,
      name text COLLATE "C" NOT NULL,
      zone text NOT NULL,
      bookings_per_patient_day_max integer NOT NULL,
      hold_minutes integer NOT NULL
    )`);
    await runner.query('CREATE INDEX hospital_name ON schedule.hospital (name, hospital_id)');
    await runner.query(`CREATE TABLE schedule.department (
      department_id uuid PRIMARY KEY,
      hospital_id uuid NOT NULL,
      name text COLLATE "C" NOT NULL,
      specialty text
    )`);
    await runner.query('CREATE INDEX department_name ON schedule.department (name, department_id)');
    await runner.query('CREATE INDEX department_hospital ON schedule.department (hospital_id, name, department_id)');
    await runner.query(`CREATE TABLE schedule.doctor (
      doctor_id uuid PRIMARY KEY,
      hospital_id uuid NOT NULL,
      department_id uuid NOT NULL,
      name text COLLATE "C" NOT NULL,
      specialty text
    )`);
    await runner.query('CREATE INDEX doctor_name ON schedule.doctor (name, doctor_id)');
    await runner.query('CREATE INDEX doctor_hospital ON schedule.doctor (hospital_id, name, doctor_id)');
    await runner.query('CREATE INDEX doctor_department ON schedule.doctor (department_id, name, doctor_id)');
    await runner.query(`CREATE TABLE schedule.session (
      session_id uuid PRIMARY KEY,
      hospital_id uuid NOT NULL,
      department_id uuid NOT NULL,
      doctor_id uuid NOT NULL,
      date text COLLATE "C" NOT NULL,
      zone text NOT NULL,
      starts_at text COLLATE "C" NOT NULL,
      ends_at text COLLATE "C" NOT NULL,
      price jsonb,
      opens_at text,
      suspended boolean NOT NULL,
      capacity integer NOT NULL,
      revision integer NOT NULL
    )`);
    await runner.query('CREATE INDEX session_start ON schedule.session (starts_at, session_id)');
    await runner.query('CREATE INDEX session_hospital ON schedule.session (hospital_id, starts_at, session_id)');
    await runner.query('CREATE INDEX session_department ON schedule.session (department_id, starts_at, session_id)');
    await runner.query('CREATE INDEX session_doctor ON schedule.session (doctor_id, starts_at, session_id)');
    await runner.query(`CREATE TABLE schedule.template (
      template_id uuid PRIMARY KEY,
      hospital_id uuid NOT NULL,
      doctor_id uuid NOT NULL,
      ended boolean NOT NULL
    )`);
    await runner.query('CREATE INDEX template_hospital ON schedule.template (hospital_id, template_id)');
    await runner.query('CREATE INDEX template_active ON schedule.template (template_id) WHERE NOT ended');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['template', 'session', 'doctor', 'department', 'hospital']) await runner.query(`DROP TABLE schedule.${table}`);
  }
}
