import type { EntityManager } from 'typeorm';

/** An owner may let go of a document between two statements of ours; then we try again, in all so often. */
const CLAIM_ATTEMPTS_MAX = 3;

export interface Claim {
  patientId: string;
  /** Blind indexes, hexadecimal. */
  marks: string[];
}

/**
 * Makes documents the patients' own, all of a patient's or none. Waits for other transactions that claim the same ones; in order of the
 * mark, so that two transactions never wait for each other.
 * @returns patients that got none → who has one of their documents
 */
export async function claimMarks(tx: EntityManager, claims: Claim[]): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (let attempt = 1; attempt <= CLAIM_ATTEMPTS_MAX; attempt++) {
    const wanted = claims.filter(({ patientId }) => !refused.has(patientId)).flatMap(({ patientId, marks }) => marks.map((mark) => ({ patientId, mark })));
    const inserted = new Set(await insertMarks(tx, wanted));
    const rest = wanted.filter(({ mark }) => !inserted.has(mark));
    if (rest.length === 0) return refused;
    const owners = await ownersOf(tx, rest.map(({ mark }) => mark));
    for (const { patientId, mark } of rest) {
      const owner = owners.get(mark);
      if (owner !== undefined && owner !== patientId) refused.set(patientId, owner);
    }
    const given = wanted.filter(({ patientId, mark }) => refused.has(patientId) && inserted.has(mark));
    await deleteMarks(tx, given.map(({ mark }) => mark));
    if (rest.every(({ patientId, mark }) => refused.has(patientId) || owners.get(mark) === patientId)) return refused;
  }
  throw new Error('documents changed hands too often while they were claimed');
}

async function insertMarks(tx: EntityManager, wanted: { patientId: string; mark: string }[]): Promise<string[]> {
  if (wanted.length === 0) return [];
  const sorted = wanted.toSorted((a, b) => (a.mark < b.mark ? -1 : 1));
  const rows = await tx.query<{ mark: string }[]>(
    `INSERT INTO patient.document (blind_index, patient_id)
     SELECT decode(mark, 'hex'), patient_id FROM unnest($1::text[], $2::uuid[]) AS wanted(mark, patient_id)
     ON CONFLICT (blind_index) DO NOTHING RETURNING encode(blind_index, 'hex') AS mark`,
    [sorted.map(({ mark }) => mark), sorted.map(({ patientId }) => patientId)],
  );
  return rows.map(({ mark }) => mark);
}

async function ownersOf(tx: EntityManager, marks: string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ mark: string; patient_id: string }[]>(
    `SELECT encode(blind_index, 'hex') AS mark, patient_id FROM patient.document
     WHERE blind_index IN (SELECT decode(mark, 'hex') FROM unnest($1::text[]) AS mark)`,
    [marks],
  );
  return new Map(rows.map((row) => [row.mark, row.patient_id]));
}

async function deleteMarks(tx: EntityManager, marks: string[]): Promise<void> {
  if (marks.length === 0) return;
  await tx.query(`DELETE FROM patient.document WHERE blind_index IN (SELECT decode(mark, 'hex') FROM unnest($1::text[]) AS mark)`, [marks]);
}
