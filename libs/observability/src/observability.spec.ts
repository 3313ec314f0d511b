import { withTrace } from '@talon/kernel';
import { HealthRegistry, PrometheusMetrics, RequestHistogram, createLogger, createRegistry } from './index';

const linesOf = (work: (log: ReturnType<typeof createLogger>) => void) => {
  const lines: string[] = [];
  work(createLogger({ service: 'test', level: 'debug', destination: { write: (line) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('log lines', () => {
  it('carry the ids of the work they were written for, and only of that', async () => {
    const lines: string[] = [];
    const log = createLogger({ service: 'test', destination: { write: (line) => void lines.push(line) } });
    const work = async (requestId: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      log.info({}, 'done');
      return requestId;
    };
    await Promise.all(['r1', 'r2'].map((requestId) => withTrace({ requestId, correlationId: 'c1', causationId: 'e1' }, () => work(requestId))));
    log.info({}, 'outside');
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed.map(({ requestId }) => requestId)).toEqual(['r1', 'r2', undefined]);
    expect(parsed[0]).toMatchObject({ service: 'test', level: 'info', correlationId: 'c1', causationId: 'e1' });
  });

  it('never carry credentials, bodies or addresses with queries', () => {
    const [line] = linesOf((log) =>
      log.info({ authorization: 'Bearer s3cret', req: { headers: { authorization: 's3cret', cookie: 's3cret' }, body: { name: 's3cret' } } }, 'request'),
    );
    expect(JSON.stringify(line)).not.toContain('s3cret');
  });

  it('carry an error with its causes but not the members a driver hangs on it', () => {
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: '23505', parameters: ['Ada Lovelace'] });
    const [line] = linesOf((log) => log.error({ err: error }, 'failed'));
    expect(line).toMatchObject({ err: { type: 'Error', message: 'outer', code: '23505', cause: { message: 'inner' } } });
    expect(JSON.stringify(line)).not.toContain('Lovelace');
  });
});

describe('health', () => {
  it('is up when every dependency answers, with how long each took', async () => {
    const health = new HealthRegistry();
    health.add('postgres', async () => undefined);
    expect(await health.ready()).toEqual({ status: 'up', dependencies: [{ name: 'postgres', status: 'up', latencyMs: expect.any(Number) as number }] });
  });

  it('is down when one fails, without repeating the message, which may hold an address', async () => {
    const health = new HealthRegistry();
    health.add('postgres', async () => undefined);
    health.add('redis', () => Promise.reject(new Error('connect redis://user:pw@10.0.0.1 failed')));
    health.add('nats', () => {
      throw new Error('sync');
    });
    const report = await health.ready();
    expect(report.status).toBe('down');
    expect(report.dependencies.map(({ name, status }) => `${name} ${status}`)).toEqual(['postgres up', 'redis down', 'nats down']);
    expect(JSON.stringify(report)).not.toMatch(/10\.0\.0\.1|pw|sync/);
  });

  it('does not wait for a dependency that hangs', async () => {
    const health = new HealthRegistry(20);
    health.add('nats', () => new Promise(() => undefined));
    expect(await health.ready()).toMatchObject({ status: 'down', dependencies: [{ name: 'nats', reason: 'no answer in time' }] });
  });

  it('refuses two checks under one name', () => {
    const health = new HealthRegistry();
    health.add('redis', async () => undefined);
    expect(() => health.add('redis', async () => undefined)).toThrow('redis');
  });
});

describe('metrics', () => {
  it('time requests by route template', async () => {
    const registry = createRegistry('test');
    const requests = new RequestHistogram(registry);
    requests.observe('GET', '/v1/bookings/:id', 200, 0.002);
    requests.observe('GET', '/v1/bookings/:id', 200, 0.2);
    const page = await new PrometheusMetrics(registry).render();
    expect(page).toMatch(/talon_http_request_duration_seconds_count\{.*route="\/v1\/bookings\/:id".*\} 2/);
    expect(page).toContain('process_cpu_seconds_total');
    registry.clear();
  });
});
