import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudEvent } from '@talon/contracts';
import { fetchDevToken } from '@talon/http';
import { type Role, deriveId } from '@talon/kernel';
import { PlatformConfig, type RunningApp, startApp } from '@talon/platform';
import { freshDatabase, startNats, startRedis } from '@talon/testing';
import { type DevIssuer, startDevIssuer } from './adapters/oidc/dev-issuer';
import { SERVICES, StandaloneModule } from './standalone.module';

type Answer<T> = { status: number; body: T };
type Problem = { code: string; detail: string; errors?: { field: string }[]; data?: { now: string }; now?: string };
type Page = { events: CloudEvent[]; next: string };

const HOSPITAL_ADDED = 'talon.schedule.hospital-added.v1';

describe('standalone', () => {
  const keysDir = mkdtempSync(join(tmpdir(), 'talon-standalone-'));
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let nats: Awaited<ReturnType<typeof startNats>>;
  let issuer: DevIssuer;
  let one: RunningApp;
  let two: RunningApp;
  let added = 0;

  const start = (changes: Partial<PlatformConfig> = {}) =>
    startApp(
      Object.assign(new PlatformConfig(), {
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        NATS_URL: nats.url,
        TALON_PORT: 0,
        TALON_ISSUER: issuer.issuer,
        TALON_VAULT_KEY: Buffer.alloc(32, 7).toString('base64'),
        TALON_DATABASE_CONNECTIONS: 8,
        TALON_LOG_LEVEL: 'silent',
        ...changes,
      }),
      SERVICES,
      { rpc: 'in-process', title: 'Talon', modules: [StandaloneModule] },
    );
  const token = (role: Role) => fetchDevToken(issuer.issuer, keysDir, { role });
  async function ask<T>(app: RunningApp, method: string, path: string, as?: string, body?: object, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const response = await fetch(`${app.url}${path}`, {
      method,
      headers: { ...(as !== undefined && { authorization: `Bearer ${as}` }), ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }
  const addHospital = async (app: RunningApp, headers?: Record<string, string>) => {
    const { status, body } = await ask<{ hospitalId: string }>(app, 'POST', '/v1/hospitals', await token('authority-admin'), { name: `Hospital ${++added}`, zone: 'Europe/Madrid' }, headers);
    expect(status).toBe(201);
    return body.hospitalId;
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  beforeAll(async () => {
    [database, redis, nats, issuer] = await Promise.all([freshDatabase(), startRedis(), startNats(), startDevIssuer({ port: 0, host: '127.0.0.1', keysDir })]);
    [one, two] = await Promise.all([start(), start()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await issuer?.stop();
    await Promise.all([database?.drop(), redis?.stop(), nats?.stop()]);
    rmSync(keysDir, { recursive: true, force: true });
  }, 60_000);

  describe('GET /v1/events', () => {
    it('hands out every public event once, in order, page by page, whichever process is asked', async () => {
      const before = (await ask<Page>(one, 'GET', '/v1/events?after=latest', await token('operator'))).body.next;
      const ids = [];
      for (let count = 0; count < 5; count++) ids.push(await addHospital(count % 2 ? one : two));
      const seen: string[] = [];
      let after = before;
      for (let pages = 0; pages < 10; pages++) {
        const { body } = await ask<Page>(pages % 2 ? one : two, 'GET', `/v1/events?after=${after}&limit=2`, await token('portal'));
        expect(body.events.length).toBeLessThanOrEqual(2);
        seen.push(...body.events.map(({ data }) => (data as { hospitalId: string }).hospitalId));
        if (body.next === after) break;
        after = body.next;
      }
      expect(seen).toEqual(ids);
    });

    it('reads from the beginning without `after`, and only the types asked for', async () => {
      const id = await addHospital(one);
      const { body } = await ask<Page>(one, 'GET', `/v1/events?limit=1000&types=${HOSPITAL_ADDED},talon.booking.confirmed.v1`, await token('operator'));
      expect(new Set(body.events.map(({ type }) => type))).toEqual(new Set([HOSPITAL_ADDED]));
      expect(body.events.at(-1)).toMatchObject({ specversion: '1.0', source: '/talon/schedule', subject: `hospital-${id}`, data: { hospitalId: id } });
      const none = await ask<Page>(one, 'GET', '/v1/events?limit=1000&types=talon.booking.cancelled.v1', await token('operator'));
      expect(none.body.events).toEqual([]);
      expect(Number(none.body.next)).toBeGreaterThanOrEqual(Number(body.events.at(-1)?.position));
    });

    it('waits for an event of another process, and only so long as asked', async () => {
      const operator = await token('operator');
      const startedAt = performance.now();
      expect((await ask<Page>(one, 'GET', '/v1/events?after=latest&wait=1', operator)).body.events).toEqual([]);
      expect(performance.now() - startedAt).toBeGreaterThan(950);
      const waiting = ask<Page>(one, 'GET', `/v1/events?after=latest&wait=20&types=${HOSPITAL_ADDED}`, operator);
      await pause(300);
      const id = await addHospital(two);
      const addedAt = performance.now();
      expect((await waiting).body.events.map(({ data }) => data)).toMatchObject([{ hospitalId: id }]);
      expect(performance.now() - addedAt).toBeLessThan(1_000);
    });

    it('lets hundreds of requests wait at once and wakes them all', async () => {
      const operator = await token('operator');
      const waiting = Array.from({ length: 300 }, () => ask<Page>(one, 'GET', '/v1/events?after=latest&wait=20', operator));
      await pause(1_500);
      const id = await addHospital(one);
      const pages = await Promise.all(waiting);
      expect(new Set(pages.map(({ body }) => JSON.stringify(body.events.map(({ subject }) => subject))))).toEqual(new Set([`["hospital-${id}"]`]));
    }, 30_000);

    it.each([
      ['types=talon.nothing.v1', 'types'],
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=ten', 'limit'],
      ['wait=31', 'wait'],
      ['wait=-1', 'wait'],
      ['after=-2', 'after'],
      ['after=1%20or%201', 'after'],
      ['after=9999999999999999', 'after'],
      ['before=1', 'before'],
    ])('refuses ?%s and names the field', async (query, field) => {
      const { status, body } = await ask<Problem>(one, 'GET', `/v1/events?${query}`, await token('operator'));
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'talon/invalid-input', errors: [{ field }] });
    });

    it('is for portals and operators', async () => {
      expect((await ask(one, 'GET', '/v1/events')).status).toBe(401);
      for (const role of ['patient', 'registrar', 'doctor', 'hospital-admin', 'authority-admin'] as const) {
        const as = role === 'patient' ? await fetchDevToken(issuer.issuer, keysDir, { role, patientId: deriveId('patient', 'p') }) : await token(role);
        expect((await ask(one, 'GET', '/v1/events', as)).status).toBe(403);
      }
    });
  });

  it('goes on without NATS, says so, and has lost nothing when it is back', async () => {
    await nats.stop();
    await pause(300);
    const id = await addHospital(one);
    const ready = await ask<{ status: string; dependencies: { name: string; status: string }[] }>(one, 'GET', '/health/ready');
    expect(ready).toMatchObject({ status: 200, body: { status: 'degraded' } });
    expect(ready.body.dependencies.find(({ name }) => name === 'nats')?.status).toBe('down');
    const operator = await token('operator');
    const { body } = await ask<Page>(two, 'GET', `/v1/events?types=${HOSPITAL_ADDED}&limit=1000`, operator);
    expect(body.events.at(-1)?.subject).toBe(`hospital-${id}`);
    const waiting = ask<Page>(two, 'GET', '/v1/events?after=latest&wait=20', operator);
    await pause(300);
    const next = await addHospital(one);
    expect((await waiting).body.events[0]?.subject).toBe(`hospital-${next}`);
    await nats.restart();
    expect(await one.platform.nats.waitUntilConnected(10_000)).toBe(true);
    await one.platform.feeds.caughtUp('relay', { timeoutMs: 20_000 });
  }, 60_000);

  it('knows no rehearsal on real time', async () => {
    const operator = await token('operator');
    expect(await ask<Problem>(one, 'GET', '/v1/rehearsal/clock', operator)).toMatchObject({ status: 404, body: { code: 'rehearsal/not-rehearsing' } });
    expect(await ask<Problem>(one, 'PUT', '/v1/rehearsal/clock', operator, { now: '2030-01-01T00:00:00.000Z' })).toMatchObject({ status: 404 });
    await addHospital(one, { 'talon-rehearsal-now': 'nonsense' });
  });

  describe('in a rehearsal', () => {
    let own: Awaited<ReturnType<typeof freshDatabase>>;
    let first: RunningApp;
    let second: RunningApp;
    const now = async (app: RunningApp) => (await ask<{ now: string }>(app, 'GET', '/v1/rehearsal/clock', await token('operator'))).body.now;
    const move = async (app: RunningApp, instant: string) => ask<Problem>(app, 'PUT', '/v1/rehearsal/clock', await token('operator'), { now: instant });

    beforeAll(async () => {
      own = await freshDatabase();
      const setup = { DATABASE_URL: own.url, TALON_REHEARSAL: true };
      [first, second] = await Promise.all([start(setup), start(setup)]);
    }, 60_000);
    afterAll(async () => {
      await Promise.all([first?.stop(), second?.stop()]);
      await own?.drop();
    }, 60_000);

    it('time begins in 1970, goes where the operator says, forward only, in every process', async () => {
      expect(await now(first)).toBe('1970-01-01T00:00:00.000Z');
      expect(await move(first, '2016-04-29T18:38:08Z')).toMatchObject({ status: 200, body: { now: '2016-04-29T18:38:08.000Z' } });
      await pause(150);
      expect(await now(second)).toBe('2016-04-29T18:38:08.000Z');
      const back = await move(second, '2016-04-29T18:38:07.999Z');
      expect(back).toMatchObject({ status: 409, body: { code: 'rehearsal/clock-backwards' } });
      expect(JSON.stringify(back.body)).toContain('2016-04-29T18:38:08.000Z');
      expect((await move(second, '2016-04-29T18:38:08Z')).status).toBe(200);
      expect((await move(first, 'yesterday')).status).toBe(400);
      expect((await ask(first, 'PUT', '/v1/rehearsal/clock', await token('registrar'), { now: '2030-01-01T00:00:00Z' })).status).toBe(403);
    });

    it('a request may bring its own time, events happen then, and a process that starts later begins there', async () => {
      await addHospital(first, { 'talon-rehearsal-now': '2016-05-01T10:00:00Z' });
      expect(await now(first)).toBe('2016-05-01T10:00:00.000Z');
      const { body } = await ask<Page>(first, 'GET', '/v1/events?limit=1000', await token('operator'));
      expect(body.events.at(-1)?.time).toBe('2016-05-01T10:00:00.000Z');
      await addHospital(first, { 'talon-rehearsal-now': '2016-04-30T10:00:00Z' });
      expect(await now(first)).toBe('2016-05-01T10:00:00.000Z');
      const third = await start({ DATABASE_URL: own.url, TALON_REHEARSAL: true });
      expect(third.platform.clock.now()).toBe('2016-05-01T10:00:00.000Z');
      await third.stop();
      const patient = await fetchDevToken(issuer.issuer, keysDir, { role: 'patient', patientId: deriveId('patient', 'p') });
      const refused = await ask<Problem>(first, 'GET', '/v1/bookings', patient, undefined, { 'talon-rehearsal-now': '2030-01-01T00:00:00Z' });
      expect(refused.status).toBe(403);
      const wrong = await ask<Problem>(first, 'GET', '/v1/rehearsal/clock', await token('operator'), undefined, { 'talon-rehearsal-now': '2030-02-30T00:00:00Z' });
      expect(wrong).toMatchObject({ status: 400, body: { errors: [{ field: 'Talon-Rehearsal-Now' }] } });
    });
  });

  it('lets requests that wait go when it is told to stop', async () => {
    const third = await start();
    const waiting = ask<Page>(third, 'GET', '/v1/events?after=latest&wait=30', await token('operator'));
    await pause(300);
    const startedAt = performance.now();
    await third.stop();
    expect((await waiting).body.events).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await expect(fetch(`${third.url}/health/live`)).rejects.toThrow();
  }, 30_000);
});
