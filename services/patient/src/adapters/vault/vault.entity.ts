import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One row per patient. After erasure the row stays, empty, so that nothing can be kept under this id again. */
@Entity({ schema: 'patient', name: 'vault' })
export class VaultRow {
  @PrimaryColumn('uuid', { name: 'patient_id' })
  patientId: string;

  @Column('text', { name: 'key_id' })
  keyId: string;

  @Column('bytea', { name: 'wrapped_key', nullable: true })
  wrappedKey: Buffer | null;

  @Column('bytea', { nullable: true })
  ciphertext: Buffer | null;

  @Column('integer')
  version: number;

  /** Keyed hash of the registering request. */
  @Column('text')
  fingerprint: string;

  /** By the database's clock: tells a registration that died half-way from one that is on its way. */
  @Column('timestamptz', { name: 'kept_at', default: () => 'now()' })
  keptAt: Date;
}

/** Keyed hash of a document → whose it is. A primary key, so that two cannot register one document at the same time. */
@Entity({ schema: 'patient', name: 'document' })
export class DocumentRow {
  @PrimaryColumn('bytea', { name: 'blind_index' })
  blindIndex: Buffer;

  @Index('document_patient')
  @Column('uuid', { name: 'patient_id' })
  patientId: string;
}
