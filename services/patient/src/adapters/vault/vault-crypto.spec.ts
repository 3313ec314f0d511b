import type { Person } from '../../domain/person';
import { VaultCrypto, parseVaultKey } from './vault-crypto';

const PATIENT = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const person: Person = { name: { family: 'Pérez', given: 'Lucía' }, birthDate: '1984-06-30', documents: [{ kind: 'passport', number: 'XDA1' }], contacts: [] };
const crypto = new VaultCrypto(Buffer.alloc(32, 1));
const otherKey = new VaultCrypto(Buffer.alloc(32, 2));
const flipped = (bytes: Buffer, at: number) => Buffer.from(bytes.map((byte, index) => (index === (at + bytes.length) % bytes.length ? byte ^ 1 : byte)));

it('opens what it sealed', () => expect(crypto.open(PATIENT, crypto.seal(PATIENT, person))).toEqual(person));

it('gives every person another key, so that equal people look different', () => {
  const [a, b] = [crypto.seal(PATIENT, person), crypto.seal(PATIENT, person)];
  expect(a.ciphertext.equals(b.ciphertext)).toBe(false);
  expect(() => crypto.open(PATIENT, { ...a, wrappedKey: b.wrappedKey })).toThrow();
});

it('keeps the key of the person when the record changes', () => {
  const sealed = crypto.seal(PATIENT, person);
  const changed = { ...person, birthDate: '1984-07-01' };
  expect(crypto.open(PATIENT, { ...sealed, ciphertext: crypto.reseal(PATIENT, sealed, changed) })).toEqual(changed);
});

it.each([0, 12, -1])('does not open a row in which byte %d changed', (at) => {
  const sealed = crypto.seal(PATIENT, person);
  expect(() => crypto.open(PATIENT, { ...sealed, ciphertext: flipped(sealed.ciphertext, at) })).toThrow();
  expect(() => crypto.open(PATIENT, { ...sealed, wrappedKey: flipped(sealed.wrappedKey, at) })).toThrow();
});

it("does not open another patient's row", () => expect(() => crypto.open(OTHER, crypto.seal(PATIENT, person))).toThrow());

it('does not open under another master key, and says so', () => expect(() => otherKey.open(PATIENT, crypto.seal(PATIENT, person))).toThrow('was written under master key'));

it('shows nothing of the person in what it keeps', () => {
  const { wrappedKey, ciphertext } = crypto.seal(PATIENT, person);
  for (const marker of ['Pérez', 'Lucía', '1984', 'XDA1']) expect(Buffer.concat([wrappedKey, ciphertext]).includes(marker)).toBe(false);
});

it('hashes documents and bodies under its key', () => {
  const document = { kind: 'passport', number: 'xda 1' };
  expect(crypto.blindIndex(document)).toEqual(crypto.blindIndex(person.documents[0]!));
  expect(crypto.blindIndex(document)).not.toEqual(otherKey.blindIndex(document));
  expect(crypto.fingerprint({ a: 1, b: 2 })).toBe(crypto.fingerprint({ b: 2, a: 1 }));
  expect(crypto.fingerprint({ a: 1 })).not.toBe(otherKey.fingerprint({ a: 1 }));
});

describe('TALON_VAULT_KEY', () => {
  it('is 32 bytes in base64 or hexadecimal', () => expect([parseVaultKey(Buffer.alloc(32, 7).toString('base64')), parseVaultKey('07'.repeat(32))]).toEqual([Buffer.alloc(32, 7), Buffer.alloc(32, 7)]));
  it.each([31, 33])('of %d bytes is refused without being repeated', (bytes) => {
    const key = Buffer.alloc(bytes, 7).toString('base64');
    expect(() => parseVaultKey(key)).toThrow(/^TALON_VAULT_KEY must be 32 bytes, as base64 or as 64 hexadecimal digits$/);
  });
});
