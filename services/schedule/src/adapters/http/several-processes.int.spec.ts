import { type Actor, deriveId } from '@talon/kernel';
import { freshDatabase } from '@talon/testing';
import { type ScheduleApp, startScheduleApp } from '../../testing/schedule-app';

const authority: Actor = { subject: 'authority', roles: ['authority-admin'], hospitalIds: [] };
const PROCESSES = 3;
let database: { url: string; drop(): Promise<void> };
let apps: ScheduleApp[];

beforeAll(async () => {
  database = await freshDatabase();
  apps = await Promise.all(Array.from({ length: PROCESSES }, () => startScheduleApp(database)));
}, 60_000);
afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  await database.drop();
});

async function clinic() {
  const post = async (path: string, body: object) => (await apps[0]!.request(authority, 'POST', path, body)).body as never as Record<string, string>;
  const { hospitalId } = await post('hospitals', { name: 'H', zone: 'UTC' });
  const { departmentId } = await post('departments', { hospitalId, name: 'D' });
  const { doctorId } = await post('doctors', { hospitalId, departmentId, name: 'O' });
  return { departmentId, doctorId };
}

describe('several processes on one log in PostgreSQL', () => {
  it('let one of 30 overlapping sessions of a doctor win', async () => {
    const at = await clinic();
    const plan = (n: number) => ({ ...at, date: '2026-12-01', start: `09:${10 + n}`, end: '12:00', tickets: 5 });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => apps[n % PROCESSES]!.request(authority, 'POST', 'sessions', plan(n))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(29).fill(409)]);
    expect(answers.filter(({ body }) => body.code === 'schedule/doctor-busy')).toHaveLength(29);
  });

  it('plan 45 sessions of one doctor that do not overlap', async () => {
    const at = await clinic();
    const plan = (n: number) => ({ ...at, date: new Date(Date.UTC(2027, 0, 1 + n)).toISOString().slice(0, 10), start: '09:00', end: '12:00', tickets: 5 });
    const answers = await Promise.all(Array.from({ length: 45 }, (_, n) => apps[n % PROCESSES]!.request(authority, 'POST', 'sessions', plan(n))));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(45).fill(201));
  });

  it('make one session of the same key, with the same answer', async () => {
    const at = await clinic();
    const plan = { ...at, date: '2026-12-01', start: '09:00', end: '12:00', tickets: 5 };
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => apps[n % PROCESSES]!.request(authority, 'POST', 'sessions', plan, 'key')));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 201, body: { sessionId: deriveId('session', 'authority', 'key') } });
  });

  it('plan a template once', async () => {
    const at = await clinic();
    const entries = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, start: '09:00', end: '10:00', tickets: 5 }));
    const body = { ...at, entries, validFrom: '2026-11-23', planDaysAhead: 14 };
    const answers = await Promise.all(apps.map((app) => app.request(authority, 'POST', 'templates', body, 'weekly')));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    const agenda = await apps[0]!.store.readStream(`agenda-${at.doctorId}`);
    expect(agenda).toHaveLength(10);
    expect(answers[0]!.body).toMatchObject({ skipped: [] });
    await apps[1]!.feeds.caughtUp('schedule-lists', { timeoutMs: 20_000 });
    expect((await apps[2]!.request(undefined, 'GET', `availability?doctor=${at.doctorId}`)).body.items).toHaveLength(10);
  }, 30_000);
});
