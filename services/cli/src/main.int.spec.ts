import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatedAppointments } from './testing/generated-appointments';
import { startTestPlatform, type TestPlatform } from './testing/test-platform';

/** As built, because how fast and how quietly it starts is part of what is tested. */
const MAIN = join(__dirname, '../dist/main.js');
const HEADER = 'hospital,zone,department,specialty,doctor,date,start,end,slot_minutes,tickets,price_minor,currency,opens_at';

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

describe('the command line', () => {
  const dir = mkdtempSync(join(tmpdir(), 'talon-main-'));
  let platform: TestPlatform;
  /** Nobody listens there. */
  let deadPort: number;

  beforeAll(async () => {
    deadPort = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(async () => {
    await platform?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const talon = (args: string[], { env = platform.env, started }: { env?: Record<string, string>; started?: (child: ChildProcess) => void } = {}) =>
    new Promise<Outcome>((resolve) => {
      const child = execFile(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH']!, ...env }, timeout: 30_000 }, (error, out, err) =>
        resolve({ code: error ? (child.exitCode ?? null) : 0, out, err }),
      );
      started?.(child);
    });
  const file = (name: string, content: string) => {
    const path = join(dir, name);
    writeFileSync(path, content);
    return path;
  };
  const mapped = (changes: Record<string, string> = {}) => Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value.replace('PORT', String(deadPort))]));
  const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;

  it('prints a token that the platform takes', async () => {
    const patient = '0b2f1d3e-1111-4222-8333-444455556666';
    const { code, out, err } = await talon(['token', 'patient', '--patient', patient]);
    expect([code, err]).toEqual([0, '']);
    expect(claims(out.trim())).toMatchObject({ roles: ['patient'], patient_id: patient, aud: 'talon' });
    const operator = (await talon(['token', 'operator'])).out.trim();
    const answer = await fetch(`${platform.running.url}/v1/rehearsal/clock`, { headers: { authorization: `Bearer ${operator}` } });
    expect(answer.status).toBe(200);
  });

  it.each<[string, string[], Record<string, string> | undefined, RegExp]>([
    ['a role nobody has', ['token', 'nurse'], undefined, /Roles are patient, registrar, doctor, hospital-admin, authority-admin, portal, operator/],
    ['no role', ['token'], undefined, /missing required argument 'role'/],
    ['a command nobody knows', ['rebiuld'], undefined, /unknown command 'rebiuld'\s.*Did you mean rebuild/],
    ['no platform here', ['token', 'operator'], {}, /No platform is running here\. Start it with: npm start/],
    ['an issuer that is gone', ['token', 'operator'], { TALON_ISSUER: 'http://127.0.0.1:PORT' }, /issuer at http:\/\/127\.0\.0\.1:\d+ does not answer: nobody listens there/],
    ['a platform that is gone', ['demo'], { TALON_URL: 'http://127.0.0.1:PORT', TALON_TOKEN: 'x' }, /platform at http:\/\/127\.0\.0\.1:\d+ does not answer: nobody listens there/],
    ['an address that is none', ['demo'], { TALON_URL: 'here', TALON_TOKEN: 'x' }, /TALON_URL/],
    ['a demonstration in a rehearsal', ['demo'], undefined, /This platform rehearses \(it is 1970-/],
    ['a token that is none', ['demo'], { TALON_TOKEN: 'x' }, /401/],
    ['a file that is not there', ['replay', '/nowhere.csv'], undefined, /cannot read \/nowhere\.csv: there is no such file/],
    ['a file that is a directory', ['import', 'schedule', tmpdir()], undefined, /it is a directory/],
    ['a day that does not exist', ['replay', 'x.csv', '--until', '2016-02-30'], undefined, /A day looks like 2016-05-01/],
    ['a database that is gone', ['audit'], { DATABASE_URL: 'postgres://127.0.0.1:PORT/x' }, /DATABASE_URL/],
    ['a read model nobody has', ['rebuild', 'bookings'], undefined, /There is no read model bookings; there are: .*booking-list/],
  ])('says in one sentence what is wrong: %s', async (_what, args, changes, sentence) => {
    const env = changes && Object.keys(changes).length === 0 ? {} : { ...platform.env, ...mapped(changes) };
    const { code, out, err } = await talon(args, { env });
    expect(err).toMatch(sentence);
    expect([code, out]).toEqual([1, '']);
    expect(err).not.toMatch(/^ {4}at /m);
  }, 30_000);

  it('names the columns that a file lacks', async () => {
    const schedule = file('schedule.csv', 'hospital,zone,department,date,start,end\n');
    expect(await talon(['import', 'schedule', schedule])).toMatchObject({ code: 1, err: expect.stringMatching(/no column doctor; docs\/import-schedule\.md/) });
    const appointments = file('appointments.csv', 'PatientId,AppointmentID\n1,2\n');
    expect(await talon(['replay', appointments])).toMatchObject({ code: 1, err: expect.stringMatching(/no column ScheduledDay, AppointmentDay, Age, Neighbourhood/) });
  });

  it('lists what is wrong with a schedule, on standard output, and reports as JSON', async () => {
    const row = (date: string) => `North,Europe/Moscow,Cardiology,,Dr A,${date},09:00,12:00,20,,,,`;
    const bad = await talon(['import', 'schedule', file('bad.csv', `${HEADER}\n${row('2030-01-07')}\n${row('2030-02-30')}\n`)]);
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/row +column +reason\n.*\n +3 +date +2030-02-30 is no calendar day.*\n\nNothing was imported: 1 fault\(s\) in 2 rows\./);
    const good = await talon(['import', 'schedule', '--json', file('good.csv', `${HEADER}\n${row('2030-01-07')}\n`)]);
    expect([good.code, JSON.parse(good.out)]).toMatchObject([0, { imported: 1, existed: 0, rejects: [] }]);
    expect(good.err).toMatch(/^Sessions: 1\/1, \d+\/s, 0 s left$/m);
  });

  it('stops in order on Ctrl-C, says that it did, and goes on when called again', async () => {
    const appointments = file('appointments.csv', generatedAppointments().csv);
    const interrupted = await talon(['replay', appointments, '--json'], {
      started: (child) => child.stderr!.on('data', (text: Buffer) => void (text.toString().includes('Sessions') && child.kill('SIGINT'))),
    });
    expect([interrupted.code, JSON.parse(interrupted.out)]).toMatchObject([130, { interrupted: true }]);
    const { code, out } = await talon(['replay', appointments, '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([0, { interrupted: false, rejected: { length: 5 } }]);
    expect((await talon(['audit', '--json'])).code).toBe(0);
  }, 60_000);
});
