import type { DevTokenRequest } from '@talon/http';
import { ROLES, type Role } from '@talon/kernel';
import type { RunningApp } from '@talon/platform';
import { type ApiDocument, type BadVariant, type GoodParts, goodRequests } from '@talon/testing';
import Ajv2020 from 'ajv/dist/2020';
import type { Answer, Api, Problem } from './testing/api';
import { Surroundings, startComposed } from './testing/composed-platform';
import { goodParts } from './testing/good-parts';
import { AUTHORITY, type Clinic, book, openClinic, planSession, registerPatient } from './testing/region';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const STAFF: Role[] = ['registrar', 'doctor', 'hospital-admin'];
/** Who they are does not hang on a patient that exists. */
const FOR_NOBODY_YET = ['patient_register', 'patient_dependants'];
const GRANT_MS = 4_000;

/** Who may do what, over every operation of the OpenAPI document: a new route is in the matrix as soon as it exists. */
describe('access', () => {
  let surroundings: Surroundings;
  let running: RunningApp;
  let api: Api;
  let document: ApiDocument;
  let good: GoodParts;
  let requests: BadVariant[];
  let clinic: Clinic;
  let foreign: Clinic;
  let patientId: string;
  let strangerId: string;

  beforeAll(async () => {
    surroundings = await Surroundings.start();
    ({ running, api } = await startComposed(surroundings));
    document = await api.must<ApiDocument>('GET', '/openapi.json');
    clinic = await openClinic(api, 'Own Hospital', { bookingsPerPatientDayMax: 100 });
    foreign = await openClinic(api, 'Foreign Hospital', { bookingsPerPatientDayMax: 100 });
    [patientId, strangerId] = await Promise.all([registerPatient(api, 1), registerPatient(api, 99)]);
    good = await goodParts(api, clinic, patientId);
    requests = goodRequests(document, good);
  }, 60_000);
  afterAll(async () => {
    await running?.stop();
    await surroundings?.stop();
  }, 30_000);

  const send = ({ method, url, body, headers: { 'content-type': _type, ...headers } }: BadVariant, as?: DevTokenRequest): Promise<Answer<Problem>> =>
    api.ask<Problem>(method, url, { as, headers, ...(body !== undefined && { body: JSON.parse(body) as unknown }) });
  const told = ({ operationId }: BadVariant, as: DevTokenRequest | undefined, { status, body }: Answer<Problem>) =>
    `${operationId} as ${as ? JSON.stringify(as) : 'nobody'}: ${status} ${body?.code ?? ''}`;
  const isPublic = ({ roles }: BadVariant) => roles.includes('everyone');
  const holder = (role: Role, more: Partial<DevTokenRequest> = {}): DevTokenRequest => ({
    role,
    ...(STAFF.includes(role) && { hospitalIds: [clinic.hospitalId] }),
    ...(role === 'patient' && { patientId }),
    ...(role === 'portal' && { portalId: 'portal-a' }),
    ...more,
  });

  it('has a rule on every operation, with roles that exist', () => {
    const described = Object.values(document.paths).flatMap((item) => METHODS.map((method) => item[method]));
    const operations = described.filter((operation) => operation !== undefined) as Record<string, unknown>[];
    expect(operations.length).toBe(requests.length);
    for (const { operationId, 'x-talon-roles': roles, security } of operations) {
      expect([operationId, (roles as string[]).every((role) => role === 'everyone' || ROLES.some((known) => known === role))]).toEqual([operationId, true]);
      expect([operationId, (roles as string[]).length > 0, (security as object[]).length > 0]).toEqual([operationId, true, !(roles as string[]).includes('everyone')]);
    }
  });

  it('is described by a document of OpenAPI 3.1 whose references and schemas hold', () => {
    expect((document as unknown as { openapi: string }).openapi).toMatch(/^3\.1\.\d+$/);
    expect(documentFaults(document)).toEqual([]);
  });

  it('is refused with 401 without a token, and with 403 to every role that is not listed; nothing is stored', async () => {
    const head = await running.platform.store.head();
    const wrong: string[] = [];
    let asked = 0;
    for (const request of requests.filter((one) => !isPublic(one))) {
      for (const as of [undefined, ...ROLES.filter((role) => !request.roles.includes(role)).map((role) => holder(role))]) {
        const answer = await send(request, as);
        asked++;
        const expected = as === undefined ? [401, 'talon/unauthenticated'] : [403, 'talon/forbidden'];
        if (answer.status !== expected[0] || answer.body.code !== expected[1]) wrong.push(told(request, as, answer));
      }
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    expect(await running.platform.store.head()).toBe(head);
  }, 30_000);

  it('ends for staff at the door of their hospitals', async () => {
    const bound = requests.filter(({ roles, url }) => roles.includes('hospital-admin') && !url.startsWith('/v1/patients'));
    const head = await running.platform.store.head();
    const pairs = bound.flatMap((request) => STAFF.filter((role) => request.roles.includes(role)).map((role) => ({ request, role })));
    const wrong: string[] = [];
    for (const { request, role } of pairs) {
      for (const hospitalIds of [[foreign.hospitalId], []]) {
        const as = holder(role, { hospitalIds });
        const answer = await send(request, as);
        if (![403, 404].includes(answer.status)) wrong.push(told(request, as, answer));
      }
    }
    expect(wrong).toEqual([]);
    expect(await running.platform.store.head()).toBe(head);
    // The same requests by their own staff: otherwise the refusals would prove nothing.
    for (const { request, role } of pairs) {
      const answer = await send(request, holder(role));
      if (answer.status >= 300) wrong.push(told(request, holder(role), answer));
    }
    expect(wrong).toEqual([]);
  }, 30_000);

  it('does not let staff move a booking into a hospital that is not theirs', async () => {
    const sessionId = await planSession(api, foreign, '2051-07-01');
    const bookingId = good['booking_reschedule']!.path!['id']!;
    expect((await api.ask('POST', `/v1/bookings/${bookingId}/reschedule`, { as: holder('registrar'), body: { sessionId } })).status).toBe(403);
  });

  it("ends for patients at other patients' records and bookings", async () => {
    const bound = requests.filter(({ roles, operationId }) => roles.includes('patient') && !FOR_NOBODY_YET.includes(operationId));
    const head = await running.platform.store.head();
    const wrong: string[] = [];
    for (const request of bound) {
      for (const as of [{ role: 'patient', patientId: strangerId }, { role: 'patient' }] as DevTokenRequest[]) {
        const answer = await send(request, as);
        if (![403, 404].includes(answer.status)) wrong.push(told(request, as, answer));
      }
    }
    expect(wrong).toEqual([]);
    expect(bound.length).toBeGreaterThanOrEqual(10);
    expect(await running.platform.store.head()).toBe(head);
    for (const request of bound) {
      const own = request.url.startsWith('/v1/patients/') ? good[request.operationId]!.path!['id']! : patientId;
      const answer = await send(request, { role: 'patient', patientId: own });
      if (answer.status >= 300) wrong.push(told(request, { role: 'patient', patientId: own }, answer));
    }
    expect(wrong).toEqual([]);
  }, 30_000);

  it('shows a portal the bookings it made, and no others', async () => {
    const sessionId = await planSession(api, clinic, '2051-07-02');
    const portal = (portalId: string) => holder('portal', { portalId });
    const [own, others, desks] = await Promise.all([
      book(api, portal('portal-a'), 'a', { patientId, sessionId }),
      book(api, portal('portal-b'), 'b', { patientId, sessionId }),
      book(api, holder('registrar'), 'c', { patientId, sessionId }),
    ]);
    expect([own.status, others.status, desks.status]).toEqual([201, 201, 201]);
    await running.platform.feeds.caughtUp('booking-list');
    for (const query of [`patient=${patientId}`, `session=${sessionId}`]) {
      const { items } = await api.must<{ items: { bookingId: string }[] }>('GET', `/v1/bookings?${query}`, { as: portal('portal-a') });
      expect(items.map(({ bookingId }) => bookingId)).toEqual([own.body.bookingId]);
    }
    for (const { body: { bookingId } } of [others, desks]) {
      expect((await api.ask('GET', `/v1/bookings/${bookingId}`, { as: portal('portal-a') })).status).toBe(404);
      expect((await api.ask('POST', `/v1/bookings/${bookingId}/cancel`, { as: portal('portal-a') })).status).toBe(404);
      expect((await api.ask('POST', `/v1/bookings/${bookingId}/reschedule`, { as: portal('portal-a'), body: { sessionId } })).status).toBe(404);
    }
    expect((await api.ask('GET', `/v1/bookings/${own.body.bookingId}`, { as: portal('portal-a') })).status).toBe(200);
    expect((await api.ask('GET', `/v1/bookings/${own.body.bookingId}`, { as: { role: 'portal' } })).status).toBe(404);
  });

  it('is given to a guardian until the grant ends, and to the scope only', async () => {
    const guardian: DevTokenRequest = { role: 'patient', patientId: strangerId };
    const sessionId = await planSession(api, clinic, '2051-07-03');
    const child = await registerPatient(api, 7);
    const endsMs = Date.now() + GRANT_MS;
    const grant = { guardianId: strangerId, scope: 'book', expiresAt: new Date(endsMs).toISOString() };
    await api.must('POST', `/v1/patients/${child}/guardians`, { as: { role: 'patient', patientId: child }, body: grant });
    const made = await book(api, guardian, 'child-1', { patientId: child, sessionId });
    expect(made.status).toBe(201);
    expect((await api.ask('PATCH', `/v1/patients/${child}`, { as: guardian, body: { birthDate: '2020-01-01' } })).status).toBe(403);
    expect((await api.ask('GET', `/v1/bookings/${made.body.bookingId}`, { as: guardian })).status).toBe(200);
    expect(Date.now()).toBeLessThan(endsMs);
    await new Promise((resolve) => setTimeout(resolve, endsMs - Date.now() + 1));
    expect(await book(api, guardian, 'child-2', { patientId: child, sessionId })).toMatchObject({ status: 403, body: { code: 'booking/not-your-patient' } });
    expect((await api.ask('GET', `/v1/bookings/${made.body.bookingId}`, { as: guardian })).status).toBe(404);
    expect((await api.ask('POST', `/v1/bookings/${made.body.bookingId}/cancel`, { as: guardian })).status).toBe(404);
    expect((await api.ask('GET', `/v1/bookings?patient=${child}`, { as: guardian })).status).toBe(403);
    expect((await api.ask('GET', `/v1/bookings/${made.body.bookingId}`, { as: AUTHORITY })).status).toBe(200);
  });
});

interface DescribedOperation {
  operationId?: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: object;
}

/** What an OpenAPI 3.1 reader would trip over: references into nowhere, words of 3.0, undeclared path parameters, schemas that do not compile. */
function documentFaults(document: ApiDocument): string[] {
  const faults: string[] = [];
  const schemas = document.components?.schemas ?? {};
  walk(document, '#', (value, place) => {
    const { $ref, nullable } = value as { $ref?: string; nullable?: unknown };
    if (typeof $ref === 'string' && !(($ref.split('/').pop() ?? '') in schemas)) faults.push(`${place} refers to ${$ref}`);
    if (typeof nullable === 'boolean') faults.push(`${place} says nullable, which 3.1 does not know`);
  });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((name) => item[name] !== undefined)) {
      const { parameters = [], responses, operationId } = item[method] as DescribedOperation;
      const declared = parameters.filter((parameter) => parameter.in === 'path' && parameter.required).map(({ name }) => name);
      if (declared.sort().join() !== [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join()) faults.push(`${method} ${path} declares ${declared.join()}`);
      if (!Object.keys(responses).some((status) => status.startsWith('2')) || operationId === undefined) faults.push(`${method} ${path} has no success or no name`);
    }
  }
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'api', components: { schemas } });
  for (const name of Object.keys(schemas)) {
    try {
      ajv.compile({ $ref: `api#/components/schemas/${name}` });
    } catch (error) {
      faults.push(`${name}: ${String(error)}`);
    }
  }
  return faults;
}

function walk(value: unknown, place: string, visit: (value: object, place: string) => void) {
  if (typeof value !== 'object' || value === null) return;
  visit(value, place);
  for (const [key, child] of Object.entries(value)) walk(child, `${place}/${key}`, visit);
}
