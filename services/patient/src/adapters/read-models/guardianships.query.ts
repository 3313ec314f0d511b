import type { DataSource } from 'typeorm';
import type { GuardianScope } from '../../domain/events';
import { type Dependant, Dependants } from '../../application/ports';

/** Dependants from `patient.guardianship`. */
export class GuardianshipsQuery extends Dependants {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async of(guardianId: string, { now, limit, after }: { now: string; limit: number; after?: string }): Promise<Dependant[]> {
    const rows = await this.dataSource.query<{ patient_id: string; scope: GuardianScope; expires_at: string | null }[]>(
      `SELECT patient_id, scope, expires_at FROM patient.guardianship
       WHERE guardian_id = $1 AND (expires_at IS NULL OR $2 < expires_at) AND ($3::uuid IS NULL OR patient_id > $3::uuid)
       ORDER BY patient_id LIMIT $4`,
      [guardianId, now, after ?? null, limit],
    );
    return rows.map((row) => ({ patientId: row.patient_id, scope: row.scope, expiresAt: row.expires_at }));
  }
}
