import { connect, type AddressInfo } from 'node:net';
import { Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ManualClock, type Actor, type Log, type RequestObserver } from '@talon/kernel';
import { Everyone, createApp } from './index';
import { ID, RoleVerifier, problemOf, requestsTo, startThings, thingError } from './testing/things-app';

@Controller('v1/open')
class ForgottenController {
  @Get() @Everyone() fine() {}
  @Post('door') door() {}
}
@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

describe('an application', () => {
  let app: NestFastifyApplication;
  const logged: { fields: { requestId?: string; err?: Error }; message: string }[] = [];
  const observed: string[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (fields, message) => void logged.push({ fields, message }) };
  const observer: RequestObserver = { observe: (method, route, status) => void observed.push(`${method} ${route} ${status}`) };

  beforeAll(async () => {
    app = await startThings({ log, observer });
  });
  afterAll(() => app.close());

  const { get, post } = requestsTo(() => app);

  describe('turns what is thrown into a problem', () => {
    it('a refusal with its code, detail and data', async () => {
      expect(problemOf(await get('/v1/things/throws/not-found?name=Ada'))).toEqual({
        type: 'https://talon.health/problems/thing/not-found', title: 'No such thing', status: 404, detail: 'Thing t1 does not exist',
        instance: '/v1/things/throws/not-found', code: 'thing/not-found', retryable: false, next: 'Make one.', alternatives: ['t2'],
      });
    });

    it.each([
      ['in-progress', 409, 'thing/in-progress', '1'],
      ['wrong-revision', 409, 'talon/conflict', '1'],
      ['unknown-outcome', 503, 'talon/unavailable', '2'],
    ])('%s: %i %s, with when to try again', async (what, status, code, retryAfter) => {
      const answer = await get(`/v1/things/throws/${what}`);
      expect(problemOf(answer)).toMatchObject({ status, code, retryable: true });
      expect(answer.headers['retry-after']).toBe(retryAfter);
      expect(answer.body).not.toContain('postgres://');
    });

    it.each(['outage', 'outage-everywhere', 'shutdown'])('%s of a dependency: 503 that says nothing of it, logged', async (what) => {
      logged.length = 0;
      const answer = await get(`/v1/things/throws/${what}`);
      expect(problemOf(answer)).toMatchObject({ status: 503, code: 'talon/unavailable', retryable: true, detail: 'A part of the platform cannot be reached' });
      expect(logged).toHaveLength(1);
    });

    it.each(['fault', 'text'])('%s: 500 that says nothing, logged with the id of the request', async (what) => {
      logged.length = 0;
      const answer = await get(`/v1/things/throws/${what}`, { 'x-request-id': 'r-77' });
      expect(problemOf(answer)).toEqual({
        type: 'https://talon.health/problems/talon/internal', title: 'Internal error', status: 500, instance: `/v1/things/throws/${what}`,
        code: 'talon/internal', retryable: false, next: expect.any(String) as string,
      });
      expect(logged).toEqual([{ fields: expect.objectContaining({ requestId: 'r-77' }) as object, message: 'request failed' }]);
    });
  });

  describe('lets in', () => {
    it('nobody without a token, saying how', async () => {
      const answer = await app.inject({ method: 'POST', url: '/v1/things', payload: { name: 'a' } });
      expect(problemOf(answer)).toMatchObject({ status: 401, code: 'talon/unauthenticated' });
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="talon"');
    });

    it.each(['registrar', 'Basic abc', 'Bearer', 'Bearer a b', 'Bearer ä'])('nobody with the authorization %s', async (authorization) => {
      expect(problemOf(await post({ name: 'a' }, { authorization })).status).toBe(401);
    });

    it('only the roles of the route', async () => {
      expect(problemOf(await post({ name: 'a' }, { authorization: 'Bearer patient' }))).toMatchObject({ status: 403, code: 'talon/forbidden' });
      expect((await post({ name: 'a' })).statusCode).toBe(201);
    });

    it('everyone where everyone may, knowing who it is if they say', async () => {
      expect((await get('/v1/things/whoami')).json()).toMatchObject({ subject: null });
      expect((await get('/v1/things/whoami', { authorization: 'Bearer doctor' })).json()).toMatchObject({ subject: 'doctor-1' });
    });
  });

  describe('gives handlers', () => {
    it('the key and the metadata of the request', async () => {
      const answer = await post({ name: 'a' }, { 'idempotency-key': '~'.repeat(255), 'x-correlation-id': 'c-1' });
      expect(answer.json()).toMatchObject({ key: '~'.repeat(255), metadata: { at: '2026-03-01T00:00:00.000Z', correlationId: 'c-1', by: 'registrar:registrar-1' } });
    });

    it.each([['', 'empty'], ['a b', 'with a blank'], ['~'.repeat(256), 'too long'], ['é', 'not ASCII']])('no key that is malformed (%#)', async (key) => {
      expect(problemOf(await post({ name: 'a' }, { 'idempotency-key': key }))).toMatchObject({ status: 400, code: 'talon/key-missing' });
    });

    it('no key where it is optional and absent', async () => {
      const answer = await app.inject({ method: 'POST', url: `/v1/things/${ID}/touch`, headers: { authorization: 'Bearer operator' } });
      expect(answer.json()).toMatchObject({ key: null });
    });

    it('the ids of the request, also through the trace', async () => {
      const answer = await get('/v1/things/whoami', { 'x-request-id': 'r-1', 'x-correlation-id': 'c-1' });
      expect(answer.headers).toMatchObject({ 'x-request-id': 'r-1', 'x-correlation-id': 'c-1' });
      expect(answer.json()).toMatchObject({ trace: { requestId: 'r-1', correlationId: 'c-1' } });
    });

    it('a new id instead of an unsafe one', async () => {
      const answer = await get('/v1/things/whoami', { 'x-request-id': 'a"b', 'x-correlation-id': 'x'.repeat(129) });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.headers['x-correlation-id']).toBe(answer.headers['x-request-id']);
    });
  });

  it('tells the observer the template, never the address', async () => {
    observed.length = 0;
    await get(`/v1/things/${ID}`);
    await get('/nowhere/secret');
    expect(observed).toEqual(['GET /v1/things/:id 200', 'GET unknown 404']);
  });

  it('answers requests that Node itself refuses with a problem too', async () => {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        socket.on('data', (chunk) => (answer += chunk.toString())).on('end', () => resolve(answer)).on('error', reject);
      });
    const big = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(big).toMatch(/^HTTP\/1\.1 431 [^]*application\/problem\+json[^]*talon\/headers-too-large/);
    expect(await raw('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json/);
  });

  it('serves its document and the page to browse it', async () => {
    const document = (await get('/openapi.json')).json<{ openapi: string }>();
    expect(document.openapi).toBe('3.1.0');
    const page = await get('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect((await get('/docs/swagger-ui-bundle.js')).statusCode).toBe(200);
    expect((await get('/health/live')).json()).toEqual({ status: 'up' });
  });

  it('says whether it is ready, and shows its metrics', async () => {
    let up = true;
    const dependencies = () => [{ name: 'redis', status: up ? ('up' as const) : ('down' as const), latencyMs: 1 }];
    const health = { ready: () => Promise.resolve({ status: up ? ('up' as const) : ('down' as const), dependencies: dependencies() }) };
    const metrics = { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('talon_up 1\n') };
    const other = await startThings({ health, metrics });
    const ready = () => other.inject({ method: 'GET', url: '/health/ready' });
    expect((await ready()).statusCode).toBe(200);
    up = false;
    expect(await ready()).toMatchObject({ statusCode: 503 });
    expect((await ready()).json()).toEqual({ status: 'down', dependencies: [{ name: 'redis', status: 'down', latencyMs: 1 }] });
    const page = await other.inject({ method: 'GET', url: '/metrics' });
    expect([page.headers['content-type'], page.body]).toEqual(['text/plain; version=0.0.4', 'talon_up 1\n']);
    await other.close();
  });

  it('asks before anything else sees an authenticated request', async () => {
    const seen: string[] = [];
    const onAuthenticated = async (actor: Actor) => {
      seen.push(actor.subject);
      if (actor.roles.includes('operator')) throw thingError('in-progress', 'Not now');
    };
    const other = await startThings({ onAuthenticated });
    const touch = (role: string) => other.inject({ method: 'POST', url: `/v1/things/${ID}/touch`, headers: { authorization: `Bearer ${role}` } });
    expect([(await touch('registrar')).statusCode, (await touch('operator')).statusCode, (await touch('patient')).statusCode]).toEqual([201, 409, 403]);
    expect(seen).toEqual(['registrar-1', 'operator-1']);
    await other.close();
  });

  it('does not start with a route that has no access rule, and names it', async () => {
    const started = createApp(ForgottenModule, { clock: new ManualClock(0), tokenVerifier: new RoleVerifier(), title: 'Open' });
    await expect(started).rejects.toThrow('POST /v1/open/door (ForgottenController.door)');
    await expect(started).rejects.not.toThrow('ForgottenController.fine');
  });
});
