import type { Actor } from '@talon/kernel';
import { type PatientApp, startPatientApp } from '../../testing/patient-app';

const MARKERS = ['MARKFAMILY', 'MARKGIVEN', '1971-11-13', 'MARKDOC42', '+34999000111', 'mark@example.org', 'MARKBAD'];
const desk: Actor = { subject: 'desk-1', roles: ['registrar'], hospitalIds: [] };
const body = {
  name: { family: 'MARKFAMILY', given: 'MARKGIVEN' },
  birthDate: '1971-11-13',
  documents: [{ kind: 'passport', number: 'MARKDOC42' }],
  contacts: [
    { kind: 'phone', value: '+34999000111' },
    { kind: 'email', value: 'mark@example.org' },
  ],
};

let app: PatientApp;
beforeAll(async () => void (app = await startPatientApp()), 60_000);
afterAll(() => app.stop());

/** Everything that PostgreSQL keeps of the service, as text; bytes both in hexadecimal and as they are. */
async function databaseDump(): Promise<string> {
  const tables = await app.dataSource.query<{ name: string }[]>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['patient.vault', 'patient.document', 'feeds.cursors']));
  const rows = await Promise.all(tables.map(({ name }) => app.dataSource.query<object[]>(`SELECT * FROM ${name}`)));
  const bytes = (value: unknown) => (Buffer.isBuffer(value) ? value.toString('hex') + value.toString('latin1') : value);
  return JSON.stringify(rows.flat().map((row) => Object.values(row).map(bytes)));
}

it('personal data is in the answer to those entitled and nowhere else: events, problems, logs, tables', async () => {
  const { body: registered } = await app.request(desk, 'POST', '', body, 'marked');
  const path = `/${registered.patientId}`;
  const read = await app.request(desk, 'GET', path);
  for (const marker of MARKERS.slice(0, -1)) expect(read.text).toContain(marker);

  const changed = { ...body, name: { family: 'MARKFAMILY', given: 'MARKGIVEN-2' } };
  await app.request(desk, 'PATCH', path, changed);
  const stranger: Actor = { subject: 's', roles: ['patient'], hospitalIds: [], patientId: '22222222-2222-4222-8222-222222222222' };
  const problems = [
    await app.request(desk, 'POST', '', body, 'marked-again'),
    await app.request(desk, 'POST', '', changed, 'marked'),
    await app.request(stranger, 'GET', path),
    await app.request(desk, 'POST', '', { ...body, birthDate: '1871-11-13', name: { family: 'MARKBAD\u0007', given: 'MARKGIVEN' }, contacts: [{ kind: 'email', value: 'MARKBAD' }] }, 'bad'),
    await app.request(desk, 'POST', '', { ...body, diagnosis: 'MARKBAD', documents: [{ kind: 'MARKBAD', number: 'MARKDOC42' }] }, 'bad'),
  ];
  expect(problems.map(({ status }) => status)).toEqual([409, 422, 403, 400, 400]);

  jest.spyOn(app.dataSource, 'transaction').mockRejectedValueOnce(Object.assign(new Error('insert failed'), { query: 'INSERT', parameters: [] }));
  problems.push(await app.request(desk, 'POST', '', { ...body, documents: [] }, 'fault'));

  const events = await app.events();
  expect(events.map(({ type }) => type)).toEqual(['PatientRegistered.v1', 'PatientChanged.v1']);
  expect(app.logged.length).toBeGreaterThan(0);
  const places = { events: JSON.stringify(events), problems: problems.map(({ text }) => text).join(), logs: app.logged.join(), tables: await databaseDump() };
  for (const [place, text] of Object.entries(places)) {
    for (const marker of MARKERS) expect([place, marker, text.includes(marker)]).toEqual([place, marker, false]);
  }
});
