import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ID, problemOf, requestsTo, startThings } from './testing/things-app';

describe('an application', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await startThings({ bodyLimitBytes: 10_000 });
  });
  afterAll(() => app.close());
  const { get, post } = requestsTo(() => app);

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
      const slots = [{ start: '09:00' }, { start: '24:00' }, { start: '25:61', end: 1 }, 7];
      const answer = await post({ name: 'Ada\u0007Lovelace', slots, colour: 'red' });
      expect(problemOf(answer).errors?.map(({ field }) => field).sort()).toEqual(['colour', 'name', 'slots[1].start', 'slots[2].end', 'slots[2].start', 'slots[3]']);
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
});
