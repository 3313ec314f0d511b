import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { contentHash } from '@talon/kernel';
import { type Person, type PersonDocument, documentKey } from '../../domain/person';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A record as the database may see it. */
export interface Sealed {
  /** Which master key wrapped it. */
  keyId: string;
  /** The person's own key under the master key. Without it the ciphertext is noise. */
  wrappedKey: Buffer;
  ciphertext: Buffer;
}

/**
 * @param value 32 bytes as base64 or as 64 hexadecimal digits
 * @throws when it is neither; never repeats the value
 */
export function parseVaultKey(value: string): Buffer {
  const key = /^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'base64');
  if (key.length !== KEY_BYTES) throw new Error('TALON_VAULT_KEY must be 32 bytes, as base64 or as 64 hexadecimal digits');
  return key;
}

/**
 * Encryption of personal data: AES-256-GCM with a random key per person, itself wrapped (AES-256-GCM) under the master key. Both bind
 * the patient id as additional data, so that a row copied to another patient does not open. Hashes are HMAC-SHA-256. Each use has a key
 * of its own, derived from the master key (HKDF-SHA-256).
 */
export class VaultCrypto {
  readonly keyId: string;
  private readonly wrapKey: Buffer;
  private readonly indexKey: Buffer;
  private readonly fingerprintKey: Buffer;

  /** @param master 32 bytes */
  constructor(master: Buffer) {
    if (master.length !== KEY_BYTES) throw new Error('the vault key has 32 bytes');
    const derive = (use: string) => Buffer.from(hkdfSync('sha256', master, '', `talon vault ${use}`, KEY_BYTES));
    this.wrapKey = derive('wrap');
    this.indexKey = derive('document index');
    this.fingerprintKey = derive('fingerprint');
    this.keyId = derive('key id').toString('hex').slice(0, 16);
  }

  /** A new key for a new person. */
  seal(patientId: string, person: Person): Sealed {
    const key = randomBytes(KEY_BYTES);
    return { keyId: this.keyId, wrappedKey: encrypt(this.wrapKey, patientId, key), ciphertext: encryptPerson(key, patientId, person) };
  }

  /** New content under the person's present key. */
  reseal(patientId: string, present: Sealed, person: Person): Buffer {
    return encryptPerson(this.unwrap(patientId, present), patientId, person);
  }

  /** @throws when the row was tampered with, belongs to another patient or another master key wrapped it */
  open(patientId: string, sealed: Sealed): Person {
    const text = decrypt(this.unwrap(patientId, sealed), patientId, sealed.ciphertext).toString('utf8');
    return JSON.parse(text) as Person;
  }

  /** Equal for two spellings of one document; useless without the key. */
  blindIndex(document: PersonDocument): Buffer {
    return createHmac('sha256', this.indexKey).update(documentKey(document)).digest();
  }

  fingerprint(body: unknown): string {
    return createHmac('sha256', this.fingerprintKey).update(contentHash(body)).digest('hex').slice(0, 32);
  }

  private unwrap(patientId: string, { keyId, wrappedKey }: Sealed): Buffer {
    if (keyId !== this.keyId) throw new Error(`vault row of patient ${patientId} was written under master key ${keyId}, this is ${this.keyId}`);
    return decrypt(this.wrapKey, patientId, wrappedKey);
  }
}

const encryptPerson = (key: Buffer, patientId: string, person: Person) => encrypt(key, patientId, Buffer.from(JSON.stringify(person), 'utf8'));

/** @returns nonce, ciphertext, tag */
function encrypt(key: Buffer, patientId: string, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(patientId));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, patientId: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(patientId)).setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
