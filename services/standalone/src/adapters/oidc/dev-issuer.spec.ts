import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEV_CLIENT_FILE, JwtTokenVerifier, fetchDevToken, type DevTokenRequest } from '@talon/http';
import { DEV_PORTAL_CLIENT_ID, startDevIssuer, type DevIssuer } from './dev-issuer';
import { devKeys } from './dev-keys';

const PATIENT = '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c001';
const HOSPITALS = ['0b8f7a52-6f0e-4c33-9a40-1de1a2b9c002', '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c003'];

describe('the development issuer', () => {
  const keysDir = mkdtempSync(join(tmpdir(), 'talon-issuer-'));
  let dev: DevIssuer;
  beforeAll(async () => {
    dev = await startDevIssuer({ port: 0, host: '127.0.0.1', keysDir });
  });
  afterAll(async () => {
    await dev.stop();
    rmSync(keysDir, { recursive: true });
  });
  const verifier = () => new JwtTokenVerifier({ issuer: dev.issuer, audience: 'talon' });

  it('makes tokens for a role with its ids', async () => {
    const token = await fetchDevToken(dev.issuer, keysDir, { role: 'registrar', hospitalIds: HOSPITALS });
    expect(await verifier().verify(token)).toEqual({ subject: `dev:registrar:${HOSPITALS.join(',')}`, roles: ['registrar'], hospitalIds: HOSPITALS });
  });

  it('gives the same subject for the same ids, another for others, and the one asked for', async () => {
    const subjectOf = async (request: DevTokenRequest) => (await verifier().verify(await fetchDevToken(dev.issuer, keysDir, request))).subject;
    const first = await subjectOf({ role: 'patient', patientId: PATIENT });
    expect(await subjectOf({ role: 'patient', patientId: PATIENT })).toBe(first);
    expect(await subjectOf({ role: 'patient', patientId: HOSPITALS[0] })).not.toBe(first);
    expect(await subjectOf({ role: 'operator', subject: 'drill-7' })).toBe('drill-7');
  });

  it('makes tokens that last 12 h, or as asked between 1 h and 12 h', async () => {
    const lifetimeOf = (token: string) => {
      const { iat, exp } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { iat: number; exp: number };
      return exp - iat;
    };
    expect(lifetimeOf(await fetchDevToken(dev.issuer, keysDir, { role: 'operator' }))).toBe(43_200);
    expect(lifetimeOf(await fetchDevToken(dev.issuer, keysDir, { role: 'operator', seconds: 3_600 }))).toBe(3_600);
    await expect(fetchDevToken(dev.issuer, keysDir, { role: 'operator', seconds: 3_599 })).rejects.toThrow('ttl');
    await expect(fetchDevToken(dev.issuer, keysDir, { role: 'operator', seconds: 43_201 })).rejects.toThrow('ttl');
  });

  it('refuses unknown roles, malformed ids and a wrong secret', async () => {
    await expect(fetchDevToken(dev.issuer, keysDir, { role: 'king' as never })).rejects.toThrow('role');
    await expect(fetchDevToken(dev.issuer, keysDir, { role: 'patient', patientId: 'p1' })).rejects.toThrow('patient');
    const other = mkdtempSync(join(tmpdir(), 'talon-issuer-'));
    devKeys(other);
    await expect(fetchDevToken(dev.issuer, other, { role: 'operator' })).rejects.toThrow('refused');
    rmSync(other, { recursive: true });
  });

  it('gives a portal its token by client credentials', async () => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: DEV_PORTAL_CLIENT_ID, client_secret: devKeys(keysDir).clientSecret });
    const { access_token: token } = (await (await fetch(`${dev.issuer}/token`, { method: 'POST', body })).json()) as { access_token: string };
    expect(await verifier().verify(token)).toEqual({ subject: DEV_PORTAL_CLIENT_ID, roles: ['portal'], hospitalIds: [], portalId: DEV_PORTAL_CLIENT_ID });
  });

  it('accepts tokens from before a restart, at the same address', async () => {
    const token = await fetchDevToken(dev.issuer, keysDir, { role: 'operator' });
    const before = dev.issuer;
    await dev.stop();
    dev = await startDevIssuer({ port: 0, host: '127.0.0.1', keysDir });
    expect(dev.issuer).toBe(before);
    expect((await verifier().verify(token)).roles).toEqual(['operator']);
  });

  it('keeps its secrets from other users', () => {
    for (const file of [DEV_CLIENT_FILE, 'issuer-keys.json']) expect(statSync(join(keysDir, file)).mode & 0o777).toBe(0o600);
    expect(statSync(keysDir).mode & 0o777).toBe(0o700);
  });

  it('listens on loopback only', async () => {
    await expect(startDevIssuer({ port: 0, host: '0.0.0.0', keysDir })).rejects.toThrow('loopback');
  });
});
