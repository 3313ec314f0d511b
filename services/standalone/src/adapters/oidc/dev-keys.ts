import { createHash, generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DEV_CLIENT_FILE, DEV_CLIENT_ID } from '@talon/http';

/** What the development issuer keeps between starts, so that tokens stay valid. */
export interface DevKeys {
  /** Private ES256 key with `kid`. */
  signingKey: JsonWebKey & { kid: string };
  cookieKey: string;
  clientSecret: string;
}

const KEYS_FILE = 'issuer-keys.json';
const PORT_FILE = 'issuer-port';

/** Where keys go when nobody says: one directory per user. */
export const defaultKeysDir = (): string => join(tmpdir(), `talon-dev-keys-${userInfo().uid}`);

/**
 * Reads the keys of `dir`, making them (files 0600, directory 0700) on the first call. Several processes may call it at once: one makes
 * them, all read the same.
 * @throws when the directory belongs to somebody else, who could read or plant keys
 */
export function devKeys(dir: string): DevKeys {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(dir);
  if (process.getuid && uid !== process.getuid()) throw new Error(`the key directory ${dir} belongs to another user`);
  chmodSync(dir, 0o700);
  createOnce(join(dir, KEYS_FILE), () => {
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const kid = createHash('sha256').update(`${jwk.x}.${jwk.y}`).digest('base64url').slice(0, 16);
    return { signingKey: { ...jwk, kid, alg: 'ES256', use: 'sig' }, cookieKey: secret() };
  });
  createOnce(join(dir, DEV_CLIENT_FILE), () => ({ clientId: DEV_CLIENT_ID, clientSecret: secret() }));
  const keys = JSON.parse(readFileSync(join(dir, KEYS_FILE), 'utf8')) as Omit<DevKeys, 'clientSecret'>;
  const { clientSecret } = JSON.parse(readFileSync(join(dir, DEV_CLIENT_FILE), 'utf8')) as { clientSecret: string };
  return { ...keys, clientSecret };
}

const secret = () => randomBytes(32).toString('base64url');

/** A link appears whole or not at all and never replaces a file, so a crash or a second process cannot leave half a key. */
function createOnce(path: string, content: () => object) {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  if (lstatSync(path, { throwIfNoEntry: false })) return;
  writeFileSync(draft, JSON.stringify(content()), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The port of the last start: tokens name the issuer's address, so it should stay the same. */
export function rememberedPort(dir: string): number {
  try {
    const port = Number(readFileSync(join(dir, PORT_FILE), 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
  } catch {
    return 0;
  }
}

export const rememberPort = (dir: string, port: number): void => writeFileSync(join(dir, PORT_FILE), String(port), { mode: 0o600 });
