import { commonError } from '@talon/kernel';

/** Personal data: only the vault and the answer to somebody entitled ever hold it. */
export interface Person {
  name: { family: string; given: string };
  /** YYYY-MM-DD */
  birthDate: string;
  documents: PersonDocument[];
  contacts: { kind: 'phone' | 'email'; value: string }[];
}

export interface PersonDocument {
  /** a-z, 0-9 and dashes, e.g. `passport`. */
  kind: string;
  number: string;
}

export const PERSON_FIELDS = ['name', 'birthDate', 'documents', 'contacts'] as const;

const OLDEST_BIRTH_DATE = '1900-01-01';
/** The calendar is this far ahead of UTC at most (Kiribati): a child born there today is not born in the future. */
const ZONE_AHEAD_MAX_MS = 14 * 3_600_000;

/**
 * @param nowMs milliseconds since 1970-01-01 UTC
 * @throws {DomainError} `talon/invalid-input` naming `birthDate`, never its value
 */
export function assertBirthDate(birthDate: string, nowMs: number): void {
  const latest = new Date(nowMs + ZONE_AHEAD_MAX_MS).toISOString().slice(0, 10);
  const message = birthDate < OLDEST_BIRTH_DATE ? `must not be before ${OLDEST_BIRTH_DATE}` : birthDate > latest ? 'must not be in the future' : null;
  if (message) throw commonError('invalid-input', `birthDate ${message}`, { fields: [{ field: 'birthDate', message }] });
}

/** Two spellings of one number are one document: case, spaces and dashes do not count. */
export const documentKey = ({ kind, number }: PersonDocument): string => `${kind}\u001f${number.normalize('NFKC').toUpperCase().replace(/[\s\p{Pd}]/gu, '')}`;

/** The fields in which two records differ. */
export const changedFields = (before: Person, after: Person): string[] =>
  PERSON_FIELDS.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
