import { InMemoryEventStore, START } from '@talon/event-sourcing';
import { deriveId, ManualClock } from '@talon/kernel';
import type { TemplateRules } from '../domain/template';
import type { ScheduleLists } from './ports';
import { freshly, ScheduleStreams } from './schedule-streams';
import { SessionPlanning } from './session-planning';
import { TemplatePlanner } from './template-planner';

const metadata = { at: '2026-03-20T00:00:00.000Z' };
const ref = { templateId: 't1', hospitalId: 'h1', departmentId: 'd1', doctorId: 'o1' };
const sunday: TemplateRules['entries'][number] = { weekday: 7, start: '02:30', end: '05:00', slotMinutes: 30, price: null };
const rules: TemplateRules = {
  zone: 'Europe/Madrid', entries: [{ ...sunday, start: '09:00', end: '10:00' }], validFrom: '2026-03-01', validTo: null, exceptions: [], planDaysAhead: 21,
  opens: null,
};

/** Friday, 2026-03-20 in Madrid; the clock goes forward on Sunday, 2026-03-29. */
async function setUp(change: Partial<TemplateRules> = {}) {
  const store = new InMemoryEventStore();
  const clock = new ManualClock(Date.parse('2026-03-20T08:00:00Z'));
  const streams = new ScheduleStreams(store);
  const hospital = { hospitalId: 'h1', name: 'H', zone: 'Europe/Madrid', bookingsPerPatientDayMax: 1, holdMinutes: 5, requestHash: 'r' };
  await streams.toHospital('h1', { type: 'AddHospital', data: hospital }, freshly(metadata));
  const department = { departmentId: 'd1', hospitalId: 'h1', name: 'D', specialty: null, requestHash: 'r' };
  await streams.toDepartment('d1', { type: 'AddDepartment', data: department }, freshly(metadata));
  await streams.toDoctor('o1', { type: 'AddDoctor', data: { ...department, doctorId: 'o1' } }, freshly(metadata));
  await streams.toTemplate('t1', { type: 'CreateTemplate', data: { ...ref, ...rules, ...change, requestHash: 'r' } }, freshly(metadata));
  const planning = new SessionPlanning(streams, clock);
  const lists = { templateIds: async () => ({ items: ['t1'], next: null }) } as Partial<ScheduleLists> as ScheduleLists;
  const another = () => new TemplatePlanner(streams, planning, lists, clock);
  const session = async (date: string, entry = 0) => (await streams.session(deriveId('template-session', 't1', date, String(entry)))).state;
  const sessions = async () => {
    const { events } = await store.readAll(START, { max: 5_000, filter: { categories: ['session'] } });
    return events.map(({ data }) => data as { date: string; startsAt: string; opensAt: string | null });
  };
  return { store, clock, streams, planning, planner: another(), another, session, sessions };
}

describe('the planner', () => {
  it('keeps local times across a change of the clock', async () => {
    const { planner, sessions } = await setUp();
    expect(await planner.run()).toEqual({ planned: 3, skipped: 0, more: false });
    expect((await sessions()).map(({ date, startsAt }) => [date, startsAt])).toEqual([
      ['2026-03-22', '2026-03-22T08:00:00.000Z'],
      ['2026-03-29', '2026-03-29T07:00:00.000Z'],
      ['2026-04-05', '2026-04-05T07:00:00.000Z'],
    ]);
  });

  it('skips a time that the clock skips, says so once and plans the rest', async () => {
    const { planner, another, streams, sessions } = await setUp({ entries: [sunday] });
    expect(await planner.run()).toEqual({ planned: 2, skipped: 1, more: false });
    expect((await sessions()).map(({ date }) => date)).toEqual(['2026-03-22', '2026-04-05']);
    expect((await streams.template('t1')).state!.skipped).toEqual([
      { date: '2026-03-29', entry: 0, code: 'schedule/time-not-real', detail: expect.stringContaining('skipped by the clock') },
    ]);
    expect(await another().run()).toEqual({ planned: 0, skipped: 0, more: false });
  });

  it('plans neither exceptions nor holidays, and a holiday once it is none', async () => {
    const { planner, streams, sessions } = await setUp({ exceptions: ['2026-03-22'] });
    await streams.toHospital('h1', { type: 'AddHoliday', data: { hospitalId: 'h1', date: '2026-04-05', name: 'Easter' } }, freshly(metadata));
    await planner.run();
    expect((await sessions()).map(({ date }) => date)).toEqual(['2026-03-29']);
    await streams.toHospital('h1', { type: 'RemoveHoliday', data: { hospitalId: 'h1', date: '2026-04-05' } }, freshly(metadata));
    await planner.run();
    expect((await sessions()).map(({ date }) => date)).toEqual(['2026-03-29', '2026-04-05']);
  });

  it('goes on day by day, within the template’s time', async () => {
    const { planner, clock, sessions } = await setUp({ planDaysAhead: 2, validTo: '2026-03-29' });
    expect(await planner.run()).toMatchObject({ planned: 1 });
    clock.advanceTo(Date.parse('2026-03-26T22:59:59Z'));
    expect(await planner.run()).toMatchObject({ planned: 0 });
    clock.advanceTo(Date.parse('2026-03-26T23:00:00Z'));
    expect(await planner.run()).toMatchObject({ planned: 1 });
    clock.advanceTo(Date.parse('2026-04-04T12:00:00Z'));
    expect(await planner.run()).toMatchObject({ planned: 0 });
    expect((await sessions()).map(({ date }) => date)).toEqual(['2026-03-22', '2026-03-29']);
  });

  it('records an overlap and what is past as skipped and plans the rest', async () => {
    const entries = [{ ...sunday, start: '09:00', end: '10:00' }, { ...sunday, weekday: 5, start: '08:00', end: '09:00' }];
    const { planner, planning, streams, sessions } = await setUp({ entries, planDaysAhead: 10 });
    const other = { sessionId: 's1', requestHash: 'x', doctorId: 'o1', departmentId: 'd1', zone: 'UTC', price: null, opensAt: null, templateId: null, tickets: 1 };
    await planning.plan({ ...other, date: '2026-03-22', start: '08:30', end: '09:30' }, metadata);
    expect(await planner.run()).toEqual({ planned: 2, skipped: 2, more: false });
    expect((await streams.template('t1')).state!.skipped.map(({ date, code }) => [date, code])).toEqual([
      ['2026-03-20', 'schedule/session-over'],
      ['2026-03-22', 'schedule/doctor-busy'],
    ]);
    expect(await sessions()).toHaveLength(3);
  });

  it('opens booking by the rule, in local time', async () => {
    const { planner, sessions } = await setUp({ opens: { daysBefore: 7, time: '08:00' } });
    await planner.run();
    expect((await sessions()).map(({ opensAt }) => opensAt)).toEqual(['2026-03-15T07:00:00.000Z', '2026-03-22T07:00:00.000Z', '2026-03-29T06:00:00.000Z']);
  });

  it('stops at its bound and goes on from there', async () => {
    const { planner } = await setUp();
    expect(await planner.planTemplate('t1', 2)).toEqual({ planned: 2, skipped: 0, more: true });
    expect(await planner.planTemplate('t1', 2)).toEqual({ planned: 1, skipped: 0, more: false });
  });

  it('may run in many processes at once', async () => {
    const { another, sessions } = await setUp();
    await Promise.all(Array.from({ length: 8 }, () => another().run()));
    expect((await sessions()).map(({ date }) => date)).toEqual(['2026-03-22', '2026-03-29', '2026-04-05']);
  });

  it('plans nothing once the template has ended', async () => {
    const { planner, streams, sessions } = await setUp();
    await streams.toTemplate('t1', { type: 'EndTemplate', data: { templateId: 't1' } }, freshly(metadata));
    expect(await planner.run()).toMatchObject({ planned: 0 });
    expect(await sessions()).toEqual([]);
  });
});
