import type { Person } from '../domain/person';
import type { GuardianScope } from '../domain/events';

export interface VaultRecord {
  person: Person;
  /** 1, 2, 3 …: grows with every change. */
  version: number;
}

/**
 * `kept`: written now. `known`: this very registration was written before (repeat, or a crash before its event). `other`: the id was
 * used for another body. `erased`: the record was here and is destroyed. `duplicate`: a document belongs to another patient.
 */
export type Kept = { outcome: 'kept' | 'known' | 'other' | 'erased' } | { outcome: 'duplicate'; patientId: string };

/** The only place with personal data, encrypted with a key per person. Adapter: adapters/vault/postgres-vault.ts. */
export abstract class Vault {
  /**
   * Writes a new record; durable when it answers. Calls of one moment share one write. A repeat writes nothing.
   * @param fingerprint of the request body, from `fingerprint()`
   */
  abstract keep(patientId: string, person: Person, fingerprint: string): Promise<Kept>;

  /** @returns null when there is none or it was destroyed. */
  abstract read(patientId: string): Promise<VaultRecord | null>;

  /**
   * Replaces the record if it still has `version`.
   * @returns `stale` when it changed in between (read again) or is gone; `duplicate` when a document belongs to another patient
   */
  abstract replace(patientId: string, version: number, person: Person): Promise<{ outcome: 'replaced' | 'stale' } | { outcome: 'duplicate'; patientId: string }>;

  /** Whether the record was kept at least so long ago, milliseconds. false when there is none. */
  abstract keptBefore(patientId: string, ageMs: number): Promise<boolean>;

  /** Destroys key, ciphertext and document marks for good; a repeat or an unknown id is fine. Nothing can be kept under this id again. */
  abstract destroy(patientId: string): Promise<void>;

  /** A keyed hash of a request body: equal for equal bodies, tells nothing to whoever has not the vault's key. */
  abstract fingerprint(body: unknown): string;
}

export interface Dependant {
  patientId: string;
  scope: GuardianScope;
  /** ISO-8601 UTC; null: until revoked. */
  expiresAt: string | null;
}

/** Whom a patient may act for. A read model: up to a second behind. Adapter: adapters/read-models/guardianships.query.ts. */
export abstract class Dependants {
  /** Grants that hold at `now`, in order of patient id after `after`. @param limit 1 to 500 */
  abstract of(guardianId: string, options: { now: string; limit: number; after?: string }): Promise<Dependant[]>;
}
