import { type Actor, deriveId, type Role } from '@talon/kernel';
import { type ScheduleApp, startScheduleApp } from '../../testing/schedule-app';
import { SCHEDULE_LISTS, scheduleListsProjection } from '../read-models/schedule-lists.projection';

let app: ScheduleApp;
beforeAll(async () => void (app = await startScheduleApp()), 60_000);
afterAll(() => app.stop());

const actor = (role: Role, subject: string, hospitalIds: string[] = []): Actor => ({ subject, roles: [role], hospitalIds });
const authority = actor('authority-admin', 'authority');
const nobody = undefined;
const listed = () => app.feeds.caughtUp(SCHEDULE_LISTS, { timeoutMs: 20_000 });
const created = async (path: string, body: object, by: Actor = authority) => {
  const answer = await app.request(by, 'POST', path, body);
  expect(answer.status).toBe(201);
  return answer.body as never as Record<string, string>;
};

async function clinic(name: string) {
  const { hospitalId } = (await created('hospitals', { name, zone: 'Europe/Madrid' })) as { hospitalId: string };
  const { departmentId } = (await created('departments', { hospitalId, name: `${name} cardiology`, specialty: 'heart' })) as { departmentId: string };
  const { doctorId } = (await created('doctors', { hospitalId, departmentId, name: `${name} doctor` })) as { doctorId: string };
  return { hospitalId, departmentId, doctorId, admin: actor('hospital-admin', `admin of ${name}`, [hospitalId]) };
}

/** Every page of a list. */
async function all(path: string, limit: number) {
  const items: Record<string, unknown>[] = [];
  for (let after = '', pages = 0; pages < 50; pages++) {
    const { status, body } = await app.request(nobody, 'GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${after}`);
    expect(status).toBe(200);
    items.push(...body.items);
    if (body.next === null) return items;
    after = `&after=${body.next}`;
  }
  throw new Error('the list does not end');
}

describe('the directory', () => {
  it('takes what admins give it, records no equal value, and reads at once', async () => {
    const at = await clinic('Reading');
    const change = (body: object, by = at.admin) => app.request(by, 'PATCH', `hospitals/${at.hospitalId}`, body);
    expect(await change({ name: 'Read', holdMinutes: 60 })).toEqual({
      status: 200, body: { hospitalId: at.hospitalId, name: 'Read', zone: 'Europe/Madrid', bookingsPerPatientDayMax: 1, holdMinutes: 60 },
    });
    const revision = (await app.store.readStream(`hospital-${at.hospitalId}`)).length;
    expect((await change({ name: 'Read' })).status).toBe(200);
    expect((await app.store.readStream(`hospital-${at.hospitalId}`)).length).toBe(revision);
    for (const [field, body] of [['holdMinutes', { holdMinutes: 61 }], ['bookingsPerPatientDayMax', { bookingsPerPatientDayMax: 0 }], ['bookingsPerPatientDayMax', { bookingsPerPatientDayMax: 101 }], ['name', { name: 'x'.repeat(201) }], ['name', { name: null }], ['zone', { zone: 'x' }]] as const) {
      const answer = await change(body);
      expect([answer.status, answer.body.errors[0]!.field]).toEqual([400, field]);
    }
    expect((await change({ name: 'x' }, actor('hospital-admin', 'other', [deriveId('other')]))).status).toBe(403);
    expect((await app.request(at.admin, 'POST', 'hospitals', { name: 'Mine', zone: 'UTC' })).status).toBe(403);
    expect((await app.request(at.admin, 'PATCH', `departments/${at.departmentId}`, { specialty: null })).body).toMatchObject({ specialty: null });
    expect((await app.request(nobody, 'GET', `doctors/${at.doctorId}`)).body).toMatchObject({ doctorId: at.doctorId, departmentId: at.departmentId, specialty: null });
    expect((await app.request(nobody, 'GET', `doctors/${deriveId('nobody')}`)).status).toBe(404);
  });

  it('keeps hospitals apart', async () => {
    const [at, other] = [await clinic('Own'), await clinic('Other')];
    const doctor = { hospitalId: at.hospitalId, departmentId: other.departmentId, name: 'X' };
    expect((await app.request(authority, 'POST', 'doctors', doctor)).body).toMatchObject({ status: 422, code: 'schedule/not-together' });
    expect((await app.request(authority, 'POST', 'doctors', { ...doctor, departmentId: deriveId('none') })).body).toMatchObject({ status: 422, errors: [{ field: 'departmentId' }] });
    expect((await app.request(authority, 'POST', 'departments', { hospitalId: deriveId('none'), name: 'X' })).body).toMatchObject({ status: 422, errors: [{ field: 'hospitalId' }] });
    expect((await app.request(at.admin, 'POST', 'doctors', { hospitalId: other.hospitalId, departmentId: other.departmentId, name: 'X' })).status).toBe(403);
    expect((await app.request(at.admin, 'PATCH', `doctors/${other.doctorId}`, { name: 'X' })).status).toBe(403);
    expect((await app.request(authority, 'PATCH', `doctors/${at.doctorId}`, { departmentId: other.departmentId })).body.code).toBe('schedule/not-together');
  });

  it('creates once per key, and not twice at once', async () => {
    const post = (body: object) => app.request(authority, 'POST', 'hospitals', body, 'same');
    const answers = await Promise.all([1, 2, 3, 4].map(() => post({ name: 'Once', zone: 'UTC' })));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect((await post({ name: 'Twice', zone: 'UTC' })).body.code).toBe('schedule/key-reused');
    const read = app.store.readStream.bind(app.store);
    // All of them have read "no such stream" before the first one writes.
    const slowly = jest.spyOn(app.store, 'readStream').mockImplementation(async (stream, options) => {
      const events = await read(stream, options);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return events;
    });
    const parallel = await Promise.all([1, 2, 3, 4].map((n) => app.request(authority, 'POST', 'hospitals', { name: `H${n}`, zone: 'UTC' }, 'raced')));
    slowly.mockRestore();
    expect(parallel.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422]);
  });

  it('lists by name, page by page, without gaps or repeats', async () => {
    const at = await clinic('Paged');
    const names = Array.from({ length: 25 }, (_, n) => `Dr. ${String.fromCharCode(65 + (n % 5))}`);
    await Promise.all(names.map((name) => created('doctors', { hospitalId: at.hospitalId, departmentId: at.departmentId, name })));
    await listed();
    const pages = await all(`doctors?department=${at.departmentId}`, 7);
    expect(pages.map(({ name }) => name)).toEqual([...names, 'Paged doctor'].sort());
    expect(new Set(pages.map(({ doctorId }) => doctorId)).size).toBe(26);
    expect(await all(`doctors?hospital=${at.hospitalId}`, 500)).toEqual(pages);
    expect(await all(`departments?hospital=${at.hospitalId}`, 1)).toEqual([{ departmentId: at.departmentId, hospitalId: at.hospitalId, name: 'Paged cardiology', specialty: 'heart' }]);
    expect((await all('hospitals', 3)).length).toBeGreaterThan(3);
    const forged = (content: string) => Buffer.from(content).toString('base64url');
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'after=x', `after=${forged('[1,2]')}`, `after=${forged('["\\u0000","x"]')}`, 'hospital=x', 'other=1']) {
      expect([(await app.request(nobody, 'GET', `doctors?${query}`)).status, query]).toEqual([400, query]);
    }
  });

  it('keeps holidays', async () => {
    const at = await clinic('Holidays');
    const path = `hospitals/${at.hospitalId}/holidays`;
    for (const date of ['2026-12-25', '2026-12-06']) expect((await app.request(at.admin, 'POST', path, { date, name: 'Holiday' })).status).toBe(201);
    expect((await app.request(nobody, 'GET', path)).body.items).toEqual([{ date: '2026-12-06', name: 'Holiday' }, { date: '2026-12-25', name: 'Holiday' }]);
    expect((await app.request(at.admin, 'DELETE', `${path}/2026-12-06`)).status).toBe(204);
    expect((await app.request(at.admin, 'DELETE', `${path}/2026-12-06`)).body.code).toBe('schedule/holiday-not-found');
    expect((await app.request(at.admin, 'DELETE', `${path}/2026-13-06`)).body.errors[0]!.field).toBe('date');
  });
});

describe('GET /v1/availability', () => {
  it('finds sessions in order of start with their free slots', async () => {
    const at = await clinic('Available');
    const plan = (date: string, more: object = {}) =>
      created('sessions', { doctorId: at.doctorId, departmentId: at.departmentId, date, start: '09:00', end: '10:00', slotMinutes: 15, ...more }, at.admin);
    const [second, first, later] = [await plan('2026-12-02'), await plan('2026-12-01'), await plan('2026-12-03', { opensAt: '2026-12-01T00:00:00Z' })];
    app.inventory.taken.set(first.sessionId!, [1, 2]);
    await app.request(at.admin, 'POST', `sessions/${second.sessionId}/suspend`, { reason: 'ill' });
    await app.request(at.admin, 'POST', `sessions/${second.sessionId}/slots`, { slots: [{ start: '09:00', end: '09:15' }], reason: 'more' });
    await listed();
    const items = await all(`availability?doctor=${at.doctorId}`, 2);
    expect(items.map(({ sessionId, capacity, free, status }) => [sessionId, capacity, free, status])).toEqual([
      [first.sessionId, 4, 2, 'open'], [second.sessionId, 5, 5, 'suspended'], [later.sessionId, 4, 4, 'not-open'],
    ]);
    expect(items[0]).toMatchObject({ hospitalName: 'Available', departmentName: 'Available cardiology', doctorName: 'Available doctor', date: '2026-12-01', zone: 'Europe/Madrid', price: null });
    const days = async (query: string) => (await all(`availability?hospital=${at.hospitalId}&${query}`, 100)).map(({ date }) => date);
    expect(await days('from=2026-12-02')).toEqual(['2026-12-02', '2026-12-03']);
    expect(await days('from=2026-12-01&to=2026-12-02')).toEqual(['2026-12-01', '2026-12-02']);
    expect(await days('to=2026-12-01')).toEqual(['2026-12-01']);
    app.inventory.down = true;
    expect((await all(`availability?department=${at.departmentId}`, 100)).map(({ free }) => free)).toEqual([null, null, null]);
    app.inventory.down = false;
  });

  it('finds the same rows after every event was applied again', async () => {
    await listed();
    const rows = async () => Promise.all(['hospital', 'department', 'doctor', 'session', 'template'].map((table) => app.dataSource.query(`SELECT * FROM schedule.${table} ORDER BY 1`)));
    const before = await rows();
    expect(before[3]!.length).toBeGreaterThan(0);
    await app.dataSource.query(`UPDATE feeds.cursors SET position = -1 WHERE name = $1`, [SCHEDULE_LISTS]);
    await listed();
    expect(await rows()).toEqual(before);
    const later = (await app.events()).filter(({ stream, revision }) => stream.startsWith('session-') && revision > 0);
    expect(later.length).toBeGreaterThan(0);
    await app.dataSource.transaction((tx) => scheduleListsProjection.apply(later, tx));
    expect(await rows()).toEqual(before);
    expect(await app.feeds.rebuild(SCHEDULE_LISTS)).toMatchObject({ differences: 0 });
    expect(await rows()).toEqual(before);
  });
});

describe('templates', () => {
  it('plan at once, are changed, listed and ended', async () => {
    const at = await clinic('Weekly');
    const entries = [{ weekday: 1, start: '09:00', end: '12:00', slotMinutes: 15 }, { weekday: 3, start: '22:00', end: '24:00', tickets: 10, price: { amountMinor: 100, currency: 'EUR' } }];
    const body = { doctorId: at.doctorId, departmentId: at.departmentId, entries, validFrom: '2026-11-01', planDaysAhead: 7, opens: { daysBefore: 3, time: '08:00' } };
    const template = await app.request(at.admin, 'POST', 'templates', body, 'weekly');
    expect(template.status).toBe(201);
    expect(template.body).toMatchObject({ hospitalId: at.hospitalId, zone: 'Europe/Madrid', validTo: null, exceptions: [], ended: false, skipped: [] });
    expect(await app.request(at.admin, 'POST', 'templates', body, 'weekly')).toEqual(template);
    await listed();
    expect((await all(`availability?doctor=${at.doctorId}`, 100)).map(({ date, capacity, opensAt }) => [date, capacity, opensAt])).toEqual([
      ['2026-11-23', 12, '2026-11-20T07:00:00.000Z'], ['2026-11-25', 10, '2026-11-22T07:00:00.000Z'],
    ]);
    const { templateId } = template.body as never as { templateId: string };
    expect((await app.request(at.admin, 'PATCH', `templates/${templateId}`, { planDaysAhead: 8 })).body).toMatchObject({ planDaysAhead: 8 });
    await listed();
    expect((await all(`availability?doctor=${at.doctorId}`, 100)).at(-1)).toMatchObject({ date: '2026-11-30' });
    expect((await app.request(at.admin, 'GET', `templates?hospital=${at.hospitalId}`)).body.items).toHaveLength(1);
    expect((await app.request(actor('hospital-admin', 'x', [deriveId('x')]), 'GET', 'templates')).body.items).toEqual([]);
    expect((await app.request(actor('hospital-admin', 'x', [deriveId('x')]), 'GET', `templates/${templateId}`)).status).toBe(403);
    expect((await app.request(nobody, 'GET', `templates/${templateId}`)).status).toBe(401);
    expect((await app.request(at.admin, 'DELETE', `templates/${templateId}`)).status).toBe(204);
    expect((await app.request(at.admin, 'PATCH', `templates/${templateId}`, { planDaysAhead: 9 })).body.code).toBe('schedule/template-ended');
  });

  it.each<[string, number, object]>([
    ['entries', 400, { entries: [] }], ['entries', 400, { entries: 'x' }], ['entries', 400, { entries: [null] }], ['entries[0].weekday', 400, { entries: [{ weekday: 8, start: '09:00', end: '10:00', tickets: 1 }] }],
    ['entries[0].end', 422, { entries: [{ weekday: 1, start: '09:00', end: '08:00', tickets: 1 }] }], ['planDaysAhead', 400, { planDaysAhead: 91 }], ['planDaysAhead', 400, { planDaysAhead: 0 }],
    ['validTo', 422, { validTo: '2026-10-31' }], ['exceptions', 400, { exceptions: ['2026-02-30'] }], ['opens.daysBefore', 400, { opens: { daysBefore: -1, time: '08:00' } }], ['opens', 400, { opens: [] }],
    ['doctorId', 422, { doctorId: deriveId('none') }], ['zone', 400, { zone: null }],
  ])('name %s (%i) in %j', async (field, status, more) => {
    const at = await clinic('Faulty');
    const body = { doctorId: at.doctorId, departmentId: at.departmentId, entries: [{ weekday: 1, start: '09:00', end: '10:00', tickets: 1 }], validFrom: '2026-11-01', ...more };
    const answer = await app.request(authority, 'POST', 'templates', body);
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([status, field]);
  });
});

describe('the document', () => {
  it('describes every operation', async () => {
    const { paths } = (await app.app.inject({ url: '/openapi.json' })).json() as { paths: Record<string, Record<string, { summary?: string }>> };
    const operations = Object.entries(paths).filter(([path]) => path.startsWith('/v1/')).flatMap(([, methods]) => Object.values(methods));
    expect(operations).toHaveLength(27);
    expect(operations.filter(({ summary }) => !summary)).toEqual([]);
  });
});
