import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, Module, Param, Post, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiProperty } from '@nestjs/swagger';
import { UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { ManualClock, currentTrace, defineErrors, type Actor, type Log, type RequestObserver } from '@talon/kernel';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import {
  Access, ApiProblems, CurrentActor, Everyone, IdempotencyKey, IsLocalTime, OptionalActor, OptionalIdempotencyKey, RequestMetadata, SafeText,
  TokenVerifier, createApp, type Problem,
} from './index';

const ID = '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c001';
const thingError = defineErrors('thing', {
  'not-found': { category: 'not-found', title: 'No such thing', next: 'Make one.' },
  'in-progress': { category: 'conflict', title: 'Still being made', next: 'Repeat the request.', retryable: true },
});

class SlotDto {
  @ApiProperty() @IsLocalTime() start: string;
}
class ThingDto {
  @ApiProperty() @SafeText(20) name: string;
  @ApiProperty({ type: [SlotDto], required: false }) @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => SlotDto) slots?: SlotDto[];
}
class ListQuery {
  @ApiProperty({ required: false, type: 'integer' }) @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(500) limit?: number;
}

const THROWN: Record<string, () => unknown> = {
  'not-found': () => thingError('not-found', 'Thing t1 does not exist', { data: { alternatives: ['t2'] } }),
  'in-progress': () => thingError('in-progress', 'Thing t1 is being made'),
  'wrong-revision': () => new WrongRevisionError('thing-1', 3, 4),
  'unknown-outcome': () => new UnknownOutcomeError('connection lost to postgres://u:pw@h'),
  'fault': () => new Error('secret detail of postgres://u:pw@h'),
  'text': () => 'just text',
};

@Controller('v1/things')
class ThingController {
  @Get() @Everyone()
  list(@Query() query: ListQuery) {
    return { limit: query.limit ?? null };
  }
  @Get('whoami') @Everyone()
  whoami(@OptionalActor() actor: Actor | undefined) {
    return { subject: actor?.subject ?? null, trace: currentTrace() };
  }
  @Get('throws/:what') @Everyone()
  throws(@Param('what') what: string) {
    throw THROWN[what]!();
  }
  @Get(':id') @Everyone() @ApiProblems('thing/not-found')
  one(@Param('id') id: string) {
    return { id };
  }
  @Post() @Access('registrar') @ApiProblems('thing/in-progress')
  create(@Body() body: ThingDto, @CurrentActor() actor: Actor, @IdempotencyKey() key: string, @RequestMetadata() metadata: object) {
    return { body, subject: actor.subject, key, metadata };
  }
  @Post(':id/touch') @Access('operator', 'registrar')
  touch(@OptionalIdempotencyKey() key: string | undefined, @RequestMetadata() metadata: object) {
    return { key: key ?? null, metadata };
  }
}
@Module({ controllers: [ThingController] })
class ThingModule {}

@Controller('v1/open')
class ForgottenController {
  @Get() @Everyone() fine() {}
  @Post('door') door() {}
}
@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

/** `Bearer <role>` is somebody with that role. */
class RoleVerifier extends TokenVerifier {
  override async verify(role: string): Promise<Actor> {
    return { subject: `${role}-1`, roles: [role as Actor['roles'][number]], hospitalIds: [] };
  }
}

describe('an application', () => {
  let app: NestFastifyApplication;
  const logged: { fields: { requestId?: string; err?: Error }; message: string }[] = [];
  const observed: string[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (fields, message) => void logged.push({ fields, message }) };
  const observer: RequestObserver = { observe: (method, route, status) => void observed.push(`${method} ${route} ${status}`) };

  beforeAll(async () => {
    app = await createApp(ThingModule, { clock: new ManualClock(Date.UTC(2026, 2, 1)), tokenVerifier: new RoleVerifier(), title: 'Things', bodyLimitBytes: 10_000, log, observer });
  });
  afterAll(() => app.close());

  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });
  const post = (payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST', url: '/v1/things',
      headers: { 'authorization': 'Bearer registrar', 'idempotency-key': 'k1', 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
    });
  const problemOf = (answer: Awaited<ReturnType<typeof get>>): Problem => {
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const problem = answer.json<Problem>();
    expect(problem).toMatchObject({ status: answer.statusCode, type: `https://talon.health/problems/${problem.code}`, retryable: expect.any(Boolean), next: expect.any(String) });
    return problem;
  };

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

  describe('refuses addresses', () => {
    it.each([
      ['/nowhere', 404, 'talon/not-found'],
      ['/v1/things/%zz', 400, 'talon/malformed-address'],
      ['/v1/things/%00', 400, 'talon/invalid-input'],
      ['/v1/things/T1', 400, 'talon/invalid-input'],
      [`/v1/things/${ID.toUpperCase()}`, 400, 'talon/invalid-input'],
      [`/v1/things/${'a'.repeat(501)}`, 414, 'talon/address-too-long'],
      [`/v1/things?limit=${'1'.repeat(8_192)}`, 414, 'talon/address-too-long'],
      ['/v1/things?limit=1&limit=2', 400, 'talon/invalid-input'],
      ['/v1/things?limit[]=1', 400, 'talon/invalid-input'],
      ['/v1/things?limit=%00', 400, 'talon/invalid-input'],
      ['/v1/things?limit=abc', 400, 'talon/invalid-input'],
      ['/v1/things?limit=', 400, 'talon/invalid-input'],
      ['/v1/things?limit=0', 400, 'talon/invalid-input'],
      ['/v1/things?limit=501', 400, 'talon/invalid-input'],
      ['/v1/things?limit=1e999', 400, 'talon/invalid-input'],
      ['/v1/things?colour=red', 400, 'talon/invalid-input'],
      ['/v1/things?__proto__=x', 400, 'talon/invalid-input'],
    ])('%# %s', async (url, status, code) => {
      expect(problemOf(await get(url))).toMatchObject({ status, code });
    });

    it('names the methods of an address that knows others', async () => {
      const answer = await app.inject({ method: 'DELETE', url: `/v1/things/${ID}` });
      expect(problemOf(answer)).toMatchObject({ status: 405, code: 'talon/method-not-allowed' });
      expect(answer.headers.allow).toBe('GET');
    });

    it('names the query parameter', async () => {
      expect(problemOf(await get('/v1/things?limit=1&limit=2')).errors).toEqual([{ field: 'limit', message: 'is given more than once' }]);
      expect(problemOf(await get('/v1/things?limit=abc')).errors).toEqual([{ field: 'limit', message: 'must be an integer number' }]);
    });

    it('accepts the limits themselves', async () => {
      expect((await get('/v1/things?limit=1')).json()).toEqual({ limit: 1 });
      expect((await get('/v1/things?limit=500')).json()).toEqual({ limit: 500 });
    });
  });

  describe('refuses bodies', () => {
    it.each<[string, unknown, number, string]>([
      ['a key twice', '{"name":"a","name":"b"}', 400, 'The key "name" occurs twice at position 12'],
      ['a key twice, one of them escaped', '{"name":"a","n\\u0061me":"b"}', 400, 'The key "name" occurs twice at position 12'],
      ['a key twice far inside', '{"name":"a","slots":[{"start":"09:00"},{"start":"1","start":"2"}]}', 400, 'The key "start" occurs twice at position 52'],
      ['an end too soon', '{"name":', 400, 'The body is not JSON: a value was expected at line 1, column 9'],
      ['single quotes', "{\n'name':1}", 400, 'The body is not JSON: a key in double quotes was expected at line 2, column 1'],
      ['NaN', '{"name":NaN}', 400, 'The body is not JSON: a value was expected at line 1, column 9'],
      ['__proto__', '{"name":"a","__proto__":{"admin":true}}', 400, 'The key __proto__ is not allowed'],
      ['constructor', '{"name":"a","slots":[{"constructor":1}]}', 400, 'The key constructor is not allowed'],
      ['NUL in text', '{"name":"a\\u0000b"}', 400, 'name contains the character U+0000'],
      ['NUL in text far inside', '{"name":"a","slots":[{"start":"\\u0000"}]}', 400, 'slots[0].start contains the character U+0000'],
      ['half of a character', '{"name":"\\ud800"}', 400, 'name contains half of a character (a lone surrogate)'],
      ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'The body is not UTF-8'],
      ['more depth than allowed', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 400, 'The body is nested deeper than 32 levels'],
      ['an array in an array', '{"name":"a","slots":[[]]}', 400, 'slots[0] must not be an array'],
      ['a thousand levels', '['.repeat(5_000), 400, 'The body is nested deeper than 32 levels'],
      ['more bytes than allowed', JSON.stringify({ name: 'x'.repeat(10_000) }), 413, 'The request body is larger than 10000 bytes'],
    ])('%s', async (_name, payload, status, detail) => {
      expect(problemOf(await post(payload))).toMatchObject({ status, detail });
    });

    it.each([['text/plain', 'name=a'], ['application/x-www-form-urlencoded', 'name=a'], ['application/xml', '<a/>'], ['nonsense', '{}']])('of type %s: 415', async (type, payload) => {
      expect(problemOf(await post(payload, { 'content-type': type }))).toMatchObject({ status: 415, code: 'talon/unsupported-media-type' });
    });

    it.each([['[]'], ['null'], ['"text"'], ['7'], ['true'], ['']])('that are no object: %s', async (payload) => {
      expect(problemOf(await post(payload))).toMatchObject({ status: 400, code: 'talon/invalid-input' });
    });

    it('naming every wrong field the way it was written, and never its value', async () => {
      const answer = await post({ name: 'Ada\u0007Lovelace', slots: [{ start: '09:00' }, { start: '24:00' }, { start: '25:61', end: 1 }, 7], colour: 'red' });
      expect(problemOf(answer).errors?.map(({ field }) => field).sort()).toEqual(['colour', 'name', 'slots[1].start', 'slots[2].end', 'slots[2].start', 'slots[3]'].sort());
      expect(answer.body).not.toMatch(/Lovelace|25:61/);
    });

    it('only when they must: harmless text passes, whatever it looks like', async () => {
      for (const name of ["'; DROP TABLE x;--", '<script>', '{"a":"b"}', 'a\\u0000', '":', 'Ünïcødé 🎫']) {
        const answer = await post({ name });
        expect([name, answer.statusCode]).toEqual([name, 201]);
        expect(answer.json<{ body: { name: string } }>().body.name).toBe(name);
      }
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
    expect(await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 [^]*application\/problem\+json[^]*talon\/headers-too-large/);
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
    const other = await createApp(ThingModule, { clock: new ManualClock(0), tokenVerifier: new RoleVerifier(), title: 'Things', health, metrics });
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
    const other = await createApp(ThingModule, { clock: new ManualClock(0), tokenVerifier: new RoleVerifier(), title: 'Things', onAuthenticated });
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
