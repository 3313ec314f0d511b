import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '@talon/event-sourcing';
import { contentHash } from '@talon/kernel';
import { readCsv } from '../adapters/files';
import { checkAppointments, planReplay } from '../domain/appointments';
import { expectedOutcome, generatedAppointments } from '../testing/generated-appointments';
import { silent, startTestPlatform, type TestPlatform } from '../testing/test-platform';
import type { Api, ApiRequest, Platform, ProgressFactory } from './ports';
import { readLog } from './read-log';
import { replay } from './replay';

const generated = generatedAppointments();
const expected = expectedOutcome(generated.good);

describe('replaying an appointments file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'talon-replay-'));
  let platform: TestPlatform;

  const read = async (csv = generated.csv) => {
    const path = join(dir, 'appointments.csv');
    writeFileSync(path, csv);
    const { records, lineOf } = await readCsv(path);
    return checkAppointments(records, lineOf);
  };
  const logged = async () => {
    const events: RecordedEvent[] = [];
    await readLog(platform.running.platform.store, (event) => events.push(event));
    return events;
  };
  const run = async (options: { until?: string; signal?: AbortSignal; progress?: ProgressFactory; csv?: string } = {}, on: Platform = platform) =>
    replay(await read(options.csv), on, { progress: silent, countEvents: async () => (await logged()).length, ...options });

  beforeAll(async () => {
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(async () => {
    await platform?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  /** The portal's requests, each held up for a while of its own on the way; `won` are the rows that were booked. */
  const slowly = ({ portal }: TestPlatform, won: string[]): Api => ({
    must: portal.must.bind(portal),
    list: portal.list.bind(portal),
    async send<T>(request: ApiRequest) {
      await sleep(parseInt(contentHash(request.key).slice(0, 4), 16) % 30);
      const answer = await portal.send<T>(request);
      if (answer.status < 300) won.push(request.key!.split(':').at(-1)!);
      return answer;
    },
  });

  it('books and refuses exactly what the rule of one per patient and day says, and a repeat adds nothing', async () => {
    const won: string[] = [];
    const first = await run({}, { ...platform, portal: slowly(platform, won) });
    expect(won.sort()).toEqual(expected.winners);
    expect(first).toMatchObject({ rows: generated.good.length + generated.bad.length, booked: expected.booked, hospitals: 5, interrupted: false });
    expect(first.refused).toEqual({ 'booking/day-limit': expected.refused });
    expect(first.rejected.map(({ appointmentId }) => appointmentId)).toEqual(generated.bad.map(({ id }) => id));
    expect(first.sessions).toBe(new Set(generated.good.map(({ neighbourhood, day }) => `${neighbourhood}|${day}`)).size);
    expect(first.patients).toBe(new Set([...generated.good, ...generated.bad].map(({ patient }) => patient).filter(Boolean)).size);
    expect(first.eventsAdded).toBe(first.events);

    const again = await run();
    expect(again).toMatchObject({ booked: first.booked, refused: first.refused, events: first.events, eventsAdded: 0 });
    expect(again.rejected).toEqual(first.rejected);
  }, 60_000);

  it('refuses a file it has not replayed once the clock is past its first booking, and writes nothing', async () => {
    const before = (await logged()).length;
    const elsewhere = generated.csv.replaceAll('MARIA ORTIZ', 'SANTO ANDRÉ');
    await expect(run({ csv: elsewhere })).rejects.toThrow(/The rehearsal stands at 2016-05-0.*not replayed here before.*--fresh/);
    expect((await logged()).length).toBe(before);
  });

  it('says so when another file with the same hospitals was replayed here', async () => {
    const more = `${generated.csv}95,9999,F,2016-05-05T12:00:00Z,2016-05-06T00:00:00Z,33,CENTRO,0,0,0,0,0,0,No\r\n`;
    await expect(run({ csv: more })).rejects.toThrow(/Another appointments file.*--fresh/);
  });

  it('goes on after an interruption, and stops after a day when told to', async () => {
    await platform.startOver();
    expect(await run({ until: '2016-05-01' })).toMatchObject({ booked: 0, refused: {}, sessions: expect.any(Number), interrupted: false });
    const stop = new AbortController();
    let bookings = 0;
    const after = (limit: number): ProgressFactory => (label) => ({
      step: () => void (label === 'Bookings' && ++bookings === limit && stop.abort()),
      stop: () => undefined,
    });
    const interrupted = await run({ signal: stop.signal, progress: after(120) });
    expect(interrupted.interrupted).toBe(true);
    expect(interrupted.booked).toBeLessThan(expected.booked);
    expect(bookings).toBeLessThan(200);

    const day = '2016-05-03';
    const upTo = expectedOutcome(generated.good.filter(({ scheduled }) => scheduled.slice(0, 10) <= day));
    const until = await run({ until: day });
    expect([until.booked, until.refused]).toEqual([upTo.booked, { 'booking/day-limit': upTo.refused }]);

    const finished = await run();
    expect([finished.booked, finished.refused]).toEqual([expected.booked, { 'booking/day-limit': expected.refused }]);
    expect(await run()).toMatchObject({ booked: expected.booked, eventsAdded: 0 });
  }, 60_000);

  it("stops with the platform's own words when it may not do what it must", async () => {
    await expect(replay(await read(), { ...platform, portal: platform.operator }, { progress: silent, countEvents: () => Promise.resolve(0) })).rejects.toThrow(/403/);
  });
});

const VITORIA = resolve(__dirname, '../../../../../shared/data/vitoria-2016');
const present = existsSync(join(VITORIA, 'appointments.csv'));
if (!present) process.stderr.write(`Not checked: the figures of a real file, because ${VITORIA} does not exist here.\n`);

(present ? describe : describe.skip)('the appointments of Vitória, 2016', () => {
  it('are read and planned as they were counted elsewhere', async () => {
    const expectation = JSON.parse(readFileSync(join(VITORIA, 'expected.json'), 'utf8'));
    const { records, lineOf } = await readCsv(join(VITORIA, 'appointments.csv'));
    const file = checkAppointments(records, lineOf);
    const plan = planReplay(file.valid);
    expect(file.rows).toBe(expectation.rows);
    expect(file.patients.length).toBe(expectation.patients);
    expect(file.rejected.map(({ appointmentId }) => appointmentId).sort()).toEqual(expectation.rejected_appointment_ids);
    expect(plan.hospitals.length).toBe(expectation.neighbourhoods);
    expect(file.patients.map(({ patientId }) => patientId).filter((id) => !/^\d+$/.test(id)).sort()).toEqual(expectation.non_integer_patient_ids);
    const rejectedDays = file.rejected.map(({ row }) => records[row - 2]!['AppointmentDay']!.slice(0, 10));
    for (const [day, count] of Object.entries<number>(expectation.appointments_per_day)) {
      const tickets = plan.sessions.filter((session) => session.day === day).reduce((sum, session) => sum + session.tickets, 0);
      expect([day, tickets]).toEqual([day, count - rejectedDays.filter((rejected) => rejected === day).length]);
    }
    const rows = file.valid.map((row) => ({ ...row, patient: row.patientId, id: row.appointmentId, scheduled: row.scheduledAt }));
    const { accepted, refused } = expectation.one_per_patient_per_day_in_booking_order;
    expect(expectedOutcome(rows)).toMatchObject({ booked: accepted, refused });
  });
});
