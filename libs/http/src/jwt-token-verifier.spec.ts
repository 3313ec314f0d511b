import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair, type GenerateKeyPairResult } from 'jose';
import { JwtTokenVerifier } from './jwt-token-verifier';

const HOSPITAL = '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c002';

/** An issuer whose answers the tests choose. */
class TestIssuer {
  readonly server: Server;
  requests: string[] = [];
  failing = false;
  jwks: object = { keys: [] };

  constructor() {
    this.server = createServer((request, response) => {
      this.requests.push(request.url!);
      response.statusCode = this.failing ? 500 : 200;
      response.setHeader('content-type', 'application/json');
      const discovery = request.url === '/.well-known/openid-configuration';
      response.end(JSON.stringify(discovery ? { issuer: this.url, jwks_uri: `${this.url}/keys` } : this.jwks));
    });
  }
  get url() {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

describe('checking access tokens', () => {
  const issuer = new TestIssuer();
  let keys: GenerateKeyPairResult;
  let foreign: GenerateKeyPairResult;

  beforeAll(async () => {
    await new Promise<void>((resolve) => issuer.server.listen(0, '127.0.0.1', resolve));
    keys = await generateKeyPair('ES256', { extractable: true });
    foreign = await generateKeyPair('ES256');
    issuer.jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  });
  afterAll(() => new Promise((resolve) => issuer.server.close(resolve)));
  beforeEach(() => {
    issuer.requests = [];
    issuer.failing = false;
  });

  const verifier = () => new JwtTokenVerifier({ issuer: issuer.url, audience: 'talon' });
  const claims = { roles: ['registrar', 'wizard'], hospital_ids: [HOSPITAL] };
  const token = (changes: (jwt: SignJWT) => SignJWT = (jwt) => jwt, payload: object = claims, kid: string | undefined = 'k1') =>
    changes(new SignJWT({ ...payload }).setProtectedHeader(kid === '' ? { alg: 'ES256' } : { alg: 'ES256', kid }).setSubject('s1').setIssuer(issuer.url).setAudience('talon').setIssuedAt().setExpirationTime('1h'));
  const signed = (changes?: (jwt: SignJWT) => SignJWT, payload?: object, kid?: string) => token(changes, payload, kid).sign(keys.privateKey);

  const refusal = (text: string | Promise<string>) =>
    Promise.resolve(text).then((value) => verifier().verify(value)).then(() => 'accepted', (error: { code: string }) => error.code);

  it('gives the actor, without roles Talon does not know', async () => {
    expect(await verifier().verify(await signed())).toEqual({ subject: 's1', roles: ['registrar'], hospitalIds: [HOSPITAL] });
  });

  it('gives the patient and the portal of the token', async () => {
    const actor = await verifier().verify(await signed(undefined, { roles: ['portal'], portal_id: 'p1', patient_id: 'x' }));
    expect(actor).toEqual({ subject: 's1', roles: ['portal'], hospitalIds: [], portalId: 'p1', patientId: 'x' });
  });

  it('accepts a token without kid when the issuer has one key', async () => {
    expect(await refusal(signed(undefined, undefined, ''))).toBe('accepted');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['another issuer', () => signed((jwt) => jwt.setIssuer('https://evil.example'))],
    ['another audience', () => signed((jwt) => jwt.setAudience('somebody-else'))],
    ['an unknown key', () => signed(undefined, undefined, 'k2')],
    ['a signature of somebody else', () => token().sign(foreign.privateKey)],
    ['an expiry in the past', () => signed((jwt) => jwt.setExpirationTime(Math.floor(Date.now() / 1000) - 6))],
    ['no expiry', () => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).setSubject('s1').setIssuer(issuer.url).setAudience('talon').sign(keys.privateKey)],
    ['no subject', () => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).setIssuer(issuer.url).setAudience('talon').setExpirationTime('1h').sign(keys.privateKey)],
    ['not valid yet', () => signed((jwt) => jwt.setNotBefore(Math.floor(Date.now() / 1000) + 60))],
    ['algorithm none', () => new UnsecuredJWT(claims).setSubject('s1').setIssuer(issuer.url).setAudience('talon').setExpirationTime('1h').encode()],
    ['HS256 with the public key as the secret', async () => {
      const [header, body] = [{ alg: 'HS256', kid: 'k1' }, { ...claims, sub: 's1', iss: issuer.url, aud: 'talon', exp: Math.floor(Date.now() / 1000) + 3600 }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
      const mac = createHmac('sha256', await exportSPKI(keys.publicKey)).update(`${header}.${body}`).digest('base64url');
      return `${header}.${body}.${mac}`;
    }],
    ['no JWT at all', () => 'abc'],
    ['garbage with dots', () => 'a.b.c'],
  ])('refuses %s', async (_name, make) => {
    expect(await refusal(make())).toBe('talon/unauthenticated');
  });

  it('allows for clocks that differ by a few seconds', async () => {
    expect(await refusal(signed((jwt) => jwt.setExpirationTime(Math.floor(Date.now() / 1000) - 2)))).toBe('accepted');
  });

  it('forbids a valid token without a role Talon knows', async () => {
    expect(await refusal(signed(undefined, { roles: ['wizard'] }))).toBe('talon/forbidden');
    expect(await refusal(signed(undefined, { roles: 'registrar' }))).toBe('talon/forbidden');
  });

  it('asks the issuer for nothing before the first token, and not again for later ones', async () => {
    const one = verifier();
    expect(issuer.requests).toEqual([]);
    const text = await signed();
    await one.verify(text);
    await one.verify(await signed((jwt) => jwt.setJti('2')));
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/keys']);
    expect(one.remembered(text)?.subject).toBe('s1');
  });

  it('does not remember a refused token as good, nor one that has expired', async () => {
    const one = verifier();
    await one.verify('a.b.c').catch(() => undefined);
    expect(one.remembered('a.b.c')).toBeUndefined();
    const short = await signed((jwt) => jwt.setExpirationTime(Math.floor(Date.now() / 1000) - 2));
    await one.verify(short);
    expect(one.remembered(short)).toBeUndefined();
  });

  it('says unavailable, not unauthenticated, while the issuer fails, and recovers by itself', async () => {
    const one = verifier();
    const text = await signed();
    issuer.failing = true;
    await expect(one.verify(text)).rejects.toMatchObject({ code: 'talon/unavailable' });
    issuer.failing = false;
    expect((await one.verify(text)).subject).toBe('s1');
  });

  it('says unavailable when nobody listens at the issuer', async () => {
    const nobody = new JwtTokenVerifier({ issuer: 'http://127.0.0.1:1', audience: 'talon' });
    await expect(nobody.verify(await signed())).rejects.toMatchObject({ code: 'talon/unavailable' });
  });
});
