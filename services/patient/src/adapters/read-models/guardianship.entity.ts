import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A grant as its patient's stream last said; expired ones stay until revoked or replaced. */
@Entity({ schema: 'patient', name: 'guardianship' })
export class GuardianshipRow {
  @PrimaryColumn('uuid', { name: 'guardian_id' })
  guardianId: string;

  @Index('guardianship_patient')
  @PrimaryColumn('uuid', { name: 'patient_id' })
  patientId: string;

  @Column('text')
  scope: string;

  /** ISO-8601 UTC as text, so that it compares as the domain compares it. */
  @Column('text', { name: 'expires_at', nullable: true })
  expiresAt: string | null;
}
