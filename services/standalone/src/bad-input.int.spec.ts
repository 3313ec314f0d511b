import { READ_ALL_MAX, type RecordedEvent, START } from '@talon/event-sourcing';
import type { DevTokenRequest } from '@talon/http';
import type { RunningApp } from '@talon/platform';
import { type ApiDocument, type BadVariant, type GoodParts, badVariants, complaintsAbout, goodRequests } from '@talon/testing';
import type { Answer, Api, Problem } from './testing/api';
import { Surroundings, startComposed } from './testing/composed-platform';
import { goodParts } from './testing/good-parts';
import { AUTHORITY, type Clinic, openClinic, registerPatient } from './testing/region';

const IN_PARALLEL = 8;
const EVENTS_MAX = 20_000;
const SHOWN_MAX = 15;

/** The whole platform, every operation it has, every way the generator knows to spoil a request. */
describe('bad input', () => {
  let surroundings: Surroundings;
  let running: RunningApp;
  let api: Api;
  let document: ApiDocument;
  let clinic: Clinic;
  let patientId: string;
  let good: GoodParts;

  beforeAll(async () => {
    surroundings = await Surroundings.start();
    ({ running, api } = await startComposed(surroundings));
    document = await api.must<ApiDocument>('GET', '/openapi.json');
    clinic = await openClinic(api, 'Hospital Clínico', { bookingsPerPatientDayMax: 100 });
    patientId = await registerPatient(api, 1);
    good = await goodParts(api, clinic, patientId);
  }, 60_000);
  afterAll(async () => {
    await running?.stop();
    await surroundings?.stop();
  }, 30_000);

  const holderFor = (roles: string[]): DevTokenRequest => {
    if (roles.includes('authority-admin')) return AUTHORITY;
    if (roles.includes('operator')) return { role: 'operator' };
    return { role: 'patient', patientId };
  };

  async function send(variant: BadVariant, correlationId: string): Promise<Answer<Problem>> {
    const as = variant.withToken ? holderFor(variant.roles) : undefined;
    const authorization = as && { authorization: `Bearer ${await api.tokens.of(as)}` };
    const response = await fetch(`${api.url}${variant.url}`, {
      method: variant.method,
      headers: { ...authorization, 'x-correlation-id': correlationId, ...variant.headers },
      ...(variant.body !== undefined && { body: variant.body }),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type') ?? undefined;
    return { status: response.status, contentType, text, body: (contentType?.includes('json') ? JSON.parse(text) : undefined) as Problem };
  }

  it('is made from requests that are answered with success', async () => {
    const refusals: string[] = [];
    for (const request of goodRequests(document, good)) {
      const { status, text } = await send(request, `good-${request.operationId}`);
      // Only a rehearsal has a clock to move.
      if (status >= 300 && !request.url.startsWith('/v1/rehearsal')) refusals.push(`${request.method} ${request.url}: ${status} ${text}`);
    }
    expect(refusals).toEqual([]);
  });

  it.each([
    ['POST', '/v1/bookings/{id}/cancel', 'booking_cancel'],
    ['POST', '/v1/sessions/{id}/resume', 'session_resume'],
    ['PATCH', '/v1/hospitals/{id}', 'hospital_change'],
    ['PATCH', '/v1/patients/{id}', 'patient_change'],
  ])('%s %s needs no body', async (method, path, operationId) => {
    const address = path.replace('{id}', good[operationId]!.path!['id']!);
    expect((await api.ask(method, address, { as: AUTHORITY })).status).toBe(200);
    expect((await api.ask(method, address, { as: AUTHORITY, headers: { 'content-type': 'application/json' } })).status).toBe(200);
  });

  it.each([
    ['that ends before it starts', { start: '12:00', end: '09:00' }, 422, 'schedule/times-invalid', 'end'],
    ['that ends when it starts', { start: '09:00', end: '09:00' }, 422, 'schedule/times-invalid', 'end'],
    ['of negative capacity', { slotMinutes: undefined, tickets: -5 }, 400, 'talon/invalid-input', 'tickets'],
    ['without slots or tickets', { slotMinutes: undefined }, 422, 'schedule/slots-invalid', 'slotMinutes'],
    ['of yesterday', { date: '2020-01-01' }, 422, 'schedule/session-over', 'date'],
    ['while the doctor holds another one', { date: '2051-03-06', start: '11:59', end: '12:30' }, 409, 'schedule/doctor-busy', 'start'],
    ['of a doctor nobody knows', { doctorId: '00000000-0000-4000-8000-000000000000' }, 422, 'schedule/reference-unknown', 'doctorId'],
  ])('a session %s is refused, and names the field', async (_what, change, status, code, field) => {
    const head = await running.platform.store.head();
    const { doctorId, departmentId } = clinic;
    const body = { doctorId, departmentId, date: '2051-08-01', start: '09:00', end: '12:00', slotMinutes: 15, ...change };
    const answer = await api.ask<Problem>('POST', '/v1/sessions', { as: AUTHORITY, body });
    expect([answer.status, answer.body.code, answer.body.errors?.[0]?.field]).toEqual([status, code, field]);
    expect(await running.platform.store.head()).toBe(head);
  });

  it('is refused by every operation with a problem that names the field, and nothing of it is stored', async () => {
    const variants = [...badVariants(document, good)];
    const refused = new Set<string>();
    const accepted = new Set<string>();
    const complaints: string[] = [];
    const operations = new Set(variants.map(({ operationId }) => operationId));
    await inParallel(variants.entries(), async ([index, variant]) => {
      const correlationId = `bad-${index}`;
      const answer = await send(variant, correlationId);
      (answer.status >= 400 ? refused : accepted).add(correlationId);
      const found = [...complaintsAbout(variant, { ...answer, body: answer.text }), ...unnamedField(variant, answer)];
      for (const complaint of found) complaints.push(`${variant.operationId}, ${variant.what}: ${complaint} — ${answer.text.slice(0, 200)}`);
    });
    console.info(`${variants.length} variants of ${operations.size} operations: ${refused.size} refused, ${accepted.size} taken`);
    expect(complaints.slice(0, SHOWN_MAX)).toEqual([]);
    expect(operations.size).toBeGreaterThan(40);

    const events = await wholeLog(running);
    const [vault] = await running.platform.dataSource.query<{ kept: number }[]>('SELECT count(*)::int AS kept FROM patient.vault');
    expect(vault!.kept).toBe(new Set(events.filter(({ stream }) => stream.startsWith('patient-')).map(({ stream }) => stream)).size);
    const causes = events.map(({ metadata }) => metadata.correlationId ?? '');
    expect(causes.filter((cause) => refused.has(cause))).toEqual([]);
    // The reader would see it: what was taken has left events with its mark.
    expect(causes.filter((cause) => accepted.has(cause)).length).toBeGreaterThan(10);
  }, 60_000);
});

/** A refusal of the input itself says where: in the place that is wrong, when the variant spoils one place only. */
function unnamedField({ what }: BadVariant, { status, body }: Answer<Problem>): string[] {
  if (status !== 400 || body?.code !== 'talon/invalid-input') return [];
  const fields = (body.errors ?? []).map(({ field }) => field);
  if (fields.length === 0) return ['no field is named'];
  const place = /^(?:body|query|path) ([A-Za-z]\w*)/.exec(what)?.[1];
  if (place === undefined || what.startsWith('body: ')) return [];
  return fields.some((field) => field.split(/[.[]/)[0] === place) ? [] : [`${fields.join(', ')} named instead of ${place}`];
}

async function inParallel<T>(items: Iterable<T>, handle: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await handle(next.value);
  };
  await Promise.all(Array.from({ length: IN_PARALLEL }, worker));
}

async function wholeLog({ platform: { store } }: RunningApp): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let position = START; events.length < EVENTS_MAX; ) {
    const page = await store.readAll(position, { max: READ_ALL_MAX });
    events.push(...page.events);
    if (page.atEnd) return events;
    position = page.position;
  }
  throw new Error(`more than ${EVENTS_MAX} events: who wrote them?`);
}
