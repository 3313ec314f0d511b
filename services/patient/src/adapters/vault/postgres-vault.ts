import type { DataSource, EntityManager } from 'typeorm';
import { batched } from '../../application/batch';
import { type Kept, Vault, type VaultRecord } from '../../application/ports';
import type { Person } from '../../domain/person';
import { claimMarks } from './document-marks';
import type { Sealed, VaultCrypto } from './vault-crypto';

/** Registrations that share one transaction. */
const KEEP_BATCH_MAX = 500;

interface Keep {
  patientId: string;
  person: Person;
  fingerprint: string;
  /** Blind indexes of the documents, hexadecimal. */
  marks: string[];
}

interface Row {
  patient_id: string;
  key_id: string;
  wrapped_key: Buffer | null;
  ciphertext: Buffer | null;
  version: number;
  fingerprint: string;
}

/** The vault in the tables `patient.vault` and `patient.document`. */
export class PostgresVault extends Vault {
  private readonly keepOne;

  constructor(
    private readonly dataSource: DataSource,
    private readonly crypto: VaultCrypto,
  ) {
    super();
    // Two of one batch must not fight over a document or an id: the later one waits and then meets a committed row.
    this.keepOne = batched<Keep, Kept>(KEEP_BATCH_MAX, (batch) => this.keepAll(batch), (keep, chosen) => !chosen.some((other) => collide(keep, other)));
  }

  override keep(patientId: string, person: Person, fingerprint: string): Promise<Kept> {
    return this.keepOne({ patientId, person, fingerprint, marks: this.marksOf(person) });
  }

  override async read(patientId: string): Promise<VaultRecord | null> {
    const row = await this.row(this.dataSource.manager, patientId, '');
    const sealed = sealedOf(row);
    return row && sealed ? { person: this.crypto.open(patientId, sealed), version: row.version } : null;
  }

  override replace(patientId: string, version: number, person: Person) {
    return this.dataSource.transaction(async (tx) => {
      const row = await this.row(tx, patientId, 'FOR UPDATE');
      const sealed = sealedOf(row);
      if (!sealed || row?.version !== version) return { outcome: 'stale' as const };
      const marks = this.marksOf(person);
      const taken = await claimMarks(tx, [{ patientId, marks }]);
      const owner = taken.get(patientId);
      if (owner !== undefined) return { outcome: 'duplicate' as const, patientId: owner };
      await tx.query(`DELETE FROM patient.document WHERE patient_id = $1 AND NOT (encode(blind_index, 'hex') = ANY($2::text[]))`, [patientId, marks]);
      await tx.query('UPDATE patient.vault SET ciphertext = $2, version = version + 1 WHERE patient_id = $1', [patientId, this.crypto.reseal(patientId, sealed, person)]);
      return { outcome: 'replaced' as const };
    });
  }

  override async keptBefore(patientId: string, ageMs: number): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM patient.vault WHERE patient_id = $1 AND kept_at <= now() - $2 * interval '1 millisecond'`,
      [patientId, ageMs],
    );
    return rows.length > 0;
  }

  override async destroy(patientId: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await tx.query('UPDATE patient.vault SET wrapped_key = NULL, ciphertext = NULL WHERE patient_id = $1', [patientId]);
      await tx.query('DELETE FROM patient.document WHERE patient_id = $1', [patientId]);
    });
  }

  override fingerprint(body: unknown): string {
    return this.crypto.fingerprint(body);
  }

  private async keepAll(batch: Keep[]): Promise<Kept[]> {
    const { kept, taken, present } = await this.dataSource.transaction(async (tx) => {
      const kept = await insertRows(tx, batch.map((keep) => ({ ...keep, ...this.crypto.seal(keep.patientId, keep.person) })));
      const taken = await claimMarks(tx, batch.filter((keep) => kept.has(keep.patientId)));
      if (taken.size > 0) await tx.query('DELETE FROM patient.vault WHERE patient_id = ANY($1::uuid[])', [[...taken.keys()]]);
      const others = batch.filter((keep) => !kept.has(keep.patientId)).map((keep) => keep.patientId);
      const present = others.length === 0 ? [] : await tx.query<Row[]>('SELECT * FROM patient.vault WHERE patient_id = ANY($1::uuid[])', [others]);
      return { kept, taken, present };
    });
    const rows = new Map(present.map((row) => [row.patient_id, row]));
    return batch.map(({ patientId, fingerprint }): Kept => {
      const owner = taken.get(patientId);
      if (owner !== undefined) return { outcome: 'duplicate', patientId: owner };
      if (kept.has(patientId)) return { outcome: 'kept' };
      const row = rows.get(patientId);
      if (row?.fingerprint !== fingerprint) return { outcome: 'other' };
      return { outcome: row.wrapped_key === null ? 'erased' : 'known' };
    });
  }

  private async row(manager: EntityManager, patientId: string, lock: '' | 'FOR UPDATE'): Promise<Row | undefined> {
    const [row] = await manager.query<Row[]>(`SELECT * FROM patient.vault WHERE patient_id = $1 ${lock}`, [patientId]);
    return row;
  }

  private marksOf(person: Person): string[] {
    return [...new Set(person.documents.map((document) => this.crypto.blindIndex(document).toString('hex')))];
  }
}

/** @returns the ids that were not there before */
async function insertRows(tx: EntityManager, rows: (Keep & Sealed)[]): Promise<Set<string>> {
  const sorted = rows.toSorted((a, b) => (a.patientId < b.patientId ? -1 : 1));
  const inserted = await tx.query<{ patient_id: string }[]>(
    `INSERT INTO patient.vault (patient_id, key_id, wrapped_key, ciphertext, version, fingerprint)
     SELECT patient_id, key_id, wrapped_key, ciphertext, 1, fingerprint
     FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::text[]) AS kept(patient_id, key_id, wrapped_key, ciphertext, fingerprint)
     ON CONFLICT (patient_id) DO NOTHING RETURNING patient_id`,
    (['patientId', 'keyId', 'wrappedKey', 'ciphertext', 'fingerprint'] as const).map((column) => sorted.map((row) => row[column])),
  );
  return new Set(inserted.map((row) => row.patient_id));
}

function sealedOf(row: Row | undefined): Sealed | null {
  if (!row?.wrapped_key || !row.ciphertext) return null;
  return { keyId: row.key_id, wrappedKey: row.wrapped_key, ciphertext: row.ciphertext };
}

const collide = (a: Keep, b: Keep): boolean => a.patientId === b.patientId || a.marks.some((mark) => b.marks.includes(mark));
