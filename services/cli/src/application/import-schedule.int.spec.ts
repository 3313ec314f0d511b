import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readTable } from '../adapters/files';
import { checkAppointments } from '../domain/appointments';
import { type Cell, daySerial, timeSerial, xlsx } from '../testing/xlsx';
import { silent, startTestPlatform, type TestPlatform } from '../testing/test-platform';
import { importSchedule, type ImportOptions } from './import-schedule';
import { rehearsalNow } from './rehearsal';
import { replay } from './replay';

const TEMPLATE = readFileSync(resolve(__dirname, '../../../../docs/schedule-template.csv'), 'utf8');
const [HEADER, ...TEMPLATE_LINES] = TEMPLATE.trim().split('\n') as [string, ...string[]];

describe('importing a schedule', () => {
  const dir = mkdtempSync(join(tmpdir(), 'talon-import-'));
  let platform: TestPlatform;

  const run = async (content: string | Buffer, options: Partial<ImportOptions> = {}) => {
    const path = join(dir, 'schedule');
    writeFileSync(path, content);
    const { records, lineOf } = await readTable(path);
    return importSchedule(records, platform.admin, { lineOf, progress: silent, checkOnly: false, now: new Date().toISOString(), isCurrency: (code) => code !== 'ZZZ', ...options });
  };
  const csv = (...lines: string[]) => [HEADER, ...lines].join('\n');
  const line = (hospital: string, doctor: string, date: string, start: string, end: string, rest = '20,,,,') => `${hospital},Europe/Moscow,Cardiology,,${doctor},${date},${start},${end},${rest}`;
  const head = () => platform.running.platform.store.head();
  const sessions = async () =>
    (await platform.admin.list<Record<string, unknown>>('/v1/availability?from=2027-01-01')).map(({ sessionId: _session, hospitalId: _hospital, departmentId: _department, doctorId: _doctor, ...session }) => session);

  beforeAll(async () => {
    platform = await startTestPlatform({ rehearsal: false });
  }, 60_000);
  beforeEach(() => platform.settled());
  afterAll(async () => {
    await platform?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  it('plans what the template says; a repeat changes nothing, whether the lists know or not', async () => {
    expect(await run(TEMPLATE, { checkOnly: true })).toMatchObject({ rows: 3, imported: 0, rejects: [] });
    expect(await head()).toBe(0);

    expect(await run(TEMPLATE)).toEqual({ rows: 3, rejects: [], imported: 3, existed: 0, hospitals: 2, departments: 3, doctors: 3, interrupted: false });
    const events = await head();
    await run(TEMPLATE);
    expect(await head()).toBe(events);
    await platform.settled();
    expect(await sessions()).toMatchObject([
      { hospitalName: 'City Polyclinic 1', departmentName: 'General practice', doctorName: 'Dr Ivan Petrov', startsAt: '2027-03-01T05:00:00.000Z', capacity: 40, price: null },
      { hospitalName: 'City Polyclinic 1', departmentName: 'Cardiology', doctorName: 'Dr Anna Sokolova', startsAt: '2027-03-01T06:00:00.000Z', endsAt: '2027-03-01T09:00:00.000Z', capacity: 9 },
      { doctorName: 'Prof Li Wei', capacity: 8, price: { amountMinor: 150_000, currency: 'RUB' }, opensAt: '2027-02-22T04:00:00.000Z', zone: 'Europe/Moscow', date: '2027-03-02' },
    ]);
    expect(await run(TEMPLATE)).toMatchObject({ imported: 3, existed: 3 });
    expect(await head()).toBe(events);
  });

  it('reads the same from XLSX, with text or with real days and times', async () => {
    const events = await head();
    const rows = [HEADER, ...TEMPLATE_LINES].map((text) => text.split(','));
    expect(await run(xlsx(rows))).toMatchObject({ rows: 3, rejects: [], imported: 3, existed: 3 });
    const real = (column: string, cell: string): Cell => {
      if (column === 'date') return { serial: daySerial(cell), format: 'day' };
      if (column === 'start' || column === 'end') return { serial: timeSerial(cell), format: 'time' };
      return /^\d+$/.test(cell) ? Number(cell) : cell;
    };
    const cells = rows.map((row, index) => (index === 0 ? row : row.map((cell, column) => real(rows[0]![column]!, cell))));
    expect(await run(xlsx(cells))).toMatchObject({ rows: 3, rejects: [], imported: 3, existed: 3 });
    expect(await head()).toBe(events);
  });

  it('imports nothing when one row is bad, and says which and why', async () => {
    const events = await head();
    const report = await run(csv(line('New', 'Dr A', '2027-04-01', '09:00', '12:00'), '', line('New', 'Dr A', '2027-04-31', '09:00', '12:00'), line('New', 'Dr B', '2027-04-01', '09:00', '12:00', '20,,1250,ZZZ,')));
    expect(report).toMatchObject({ imported: 0, rejects: [{ row: 4, column: 'date', reason: expect.stringContaining('2027-04-31') }, { row: 5, column: 'currency', reason: expect.stringContaining('ZZZ') }] });
    expect(await head()).toBe(events);
  });

  it.each([
    ['overlaps one of the doctor, whatever the zone', 'City Polyclinic 1,Europe/London,Cardiology,,Dr Anna Sokolova,2027-03-01,08:59,09:30,10,,,,', /already has session [0-9a-f-]{36} at that time/],
    ['is the same time with other slots', line('City Polyclinic 1', 'Dr Anna Sokolova', '2027-03-01', '09:00', '12:00', '15,,,,'), /another end, size, price or opening/],
    ['has the same start and another end', line('City Polyclinic 1', 'Dr Anna Sokolova', '2027-03-01', '09:00', '12:20'), /already has session/],
  ])('finds before it writes that a session %s', async (_what, bad, reason) => {
    const events = await head();
    const report = await run(csv(line('New', 'Dr A', '2027-04-01', '09:00', '12:00'), bad));
    expect(report).toMatchObject({ imported: 0, rejects: [{ row: 3, column: 'start', reason: expect.stringMatching(reason) }] });
    expect(await head()).toBe(events);
  });

  it('finds before it writes that somebody else planned the same time', async () => {
    const [doctor] = await platform.admin.list<{ doctorId: string; departmentId: string; name: string }>('/v1/doctors');
    const { doctorId, departmentId, name } = doctor!;
    expect(name).toBe('Dr Anna Sokolova');
    await platform.admin.must({ method: 'POST', path: '/v1/sessions', body: { doctorId, departmentId, date: '2027-05-03', start: '09:00', end: '10:00', slotMinutes: 20 } });
    await platform.settled();
    const events = await head();
    const report = await run(csv(line('New', 'Dr A', '2027-04-01', '09:00', '12:00'), line('City Polyclinic 1', name, '2027-05-03', '09:00', '10:00')));
    expect(report.rejects).toEqual([{ row: 3, column: 'start', reason: 'Dr Anna Sokolova already has another session at that time' }]);
    expect(await head()).toBe(events);
  });

  it('finds before it writes that a session is over, unless an earlier import planned it', async () => {
    const events = await head();
    const old = line('City Polyclinic 1', 'Dr Anna Sokolova', '2020-03-02', '09:00', '10:00');
    const report = await run(csv(line('New', 'Dr A', '2027-04-01', '09:00', '12:00'), old, line('Newer', 'Dr B', '2020-03-02', '09:00', '10:00')));
    expect(report.rejects.map(({ row, column }) => [row, column])).toEqual([[3, 'date'], [4, 'date']]);
    // As if time had gone on since the template was imported: its sessions are past, and still they are its own.
    expect(await run(TEMPLATE, { now: '2027-03-09T00:00:00.000Z' })).toMatchObject({ imported: 3, existed: 3, rejects: [] });
    expect(await head()).toBe(events);
  });

  it('plans a thousand sessions of many doctors within seconds, and goes on after a crash', async () => {
    const days = Array.from({ length: 25 }, (_, index) => `2027-06-${String(index + 1).padStart(2, '0')}`);
    const doctors = Array.from({ length: 40 }, (_, index) => [`Clinic ${index % 4}`, `Dr ${index}`] as const);
    const content = csv(...days.flatMap((day) => doctors.map(([hospital, doctor]) => line(hospital, doctor, day, '08:00', '12:00'))));
    const stop = new AbortController();
    let steps = 0;
    const interrupted = await run(content, { signal: stop.signal, progress: (label) => ({ step: () => void (label === 'Sessions' && ++steps === 50 && stop.abort()), stop: () => undefined }) });
    expect(interrupted.interrupted).toBe(true);
    expect(interrupted.imported).toBeLessThan(100);
    let asked = 0;
    const { admin } = platform;
    const failing = { ...platform.admin, list: admin.list.bind(admin), send: admin.send.bind(admin), must: <T>(request: { path: string }) => (++asked > 300 ? Promise.reject(new Error('the power fails')) : admin.must<T>(request)) };
    platform.admin = failing;
    await expect(run(content)).rejects.toThrow('the power fails');
    platform.admin = admin;
    const startedMs = performance.now();
    expect(await run(content)).toMatchObject({ rows: 1_000, imported: 1_000, hospitals: 4, departments: 4, doctors: 40 });
    process.stderr.write(`1,000 rows in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s\n`);
    await platform.settled();
    expect((await sessions()).filter(({ date }) => String(date).startsWith('2027-06'))).toHaveLength(1_000);
    const events = await head();
    expect(await run(content)).toMatchObject({ imported: 1_000, existed: 1_000 });
    expect(await head()).toBe(events);
  }, 60_000);

  it('leaves real time to itself: a replay is refused with the remedy before anything is written', async () => {
    expect(await rehearsalNow(platform.operator)).toBeUndefined();
    const events = await head();
    const file = checkAppointments([{ PatientId: '1', AppointmentID: '1', ScheduledDay: '2016-05-03T10:00:00Z', AppointmentDay: '2016-05-03T00:00:00Z', Age: '1', Neighbourhood: 'CENTRO' }]);
    await expect(replay(file, platform, { progress: silent, countEvents: () => Promise.resolve(0) })).rejects.toThrow(/npm start -- --rehearsal/);
    expect(await head()).toBe(events);
  });
});
