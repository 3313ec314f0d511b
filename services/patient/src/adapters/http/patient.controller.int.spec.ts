import { call } from '@talon/contracts';
import type { Actor, Role } from '@talon/kernel';
import { NOW, type PatientApp, startPatientApp } from '../../testing/patient-app';

let app: PatientApp;
beforeAll(async () => void (app = await startPatientApp()), 60_000);
afterAll(() => app.stop());

const actor = (role: Role, subject: string, more: Partial<Actor> = {}): Actor => ({ subject, roles: [role], hospitalIds: [], ...more });
const desk = actor('registrar', 'desk-1');
const authority = actor('authority-admin', 'authority-1');
let number = 0;
const person = (more: object = {}) => ({ name: { family: 'Pérez', given: 'Lucía' }, birthDate: '1984-06-30', ...more });
const passport = () => [{ kind: 'passport', number: `XDA-${++number}` }];
const register = (by: Actor, body: object, key = `key-${++number}`) => app.request(by, 'POST', '', body, key);
const registered = async (by: Actor = desk, body: object = person()) => (await register(by, body)).body.patientId;
const asPatient = (patientId: string) => actor('patient', `account-${patientId}`, { patientId });

describe('POST /v1/patients', () => {
  it('answers a repeat like the first time and stores nothing twice', async () => {
    const body = person({ documents: passport() });
    const answers = await Promise.all([1, 2, 3].map(() => register(desk, body, 'repeated')));
    answers.push(await register(desk, body, 'repeated'));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const stream = await app.store.readStream(`patient-${answers[0]!.body.patientId}`);
    expect(stream.map(({ type }) => type)).toEqual(['PatientRegistered.v1']);
    const rows = await app.dataSource.query('SELECT 1 FROM patient.vault WHERE patient_id = $1', [answers[0]!.body.patientId]);
    expect(rows).toHaveLength(1);
  });

  it('refuses the same key with another body, also before the event of the first one was written', async () => {
    await register(desk, person(), 'reused');
    expect((await register(desk, person({ birthDate: '1984-07-01' }), 'reused')).body.code).toBe('patient/key-reused');
  });

  it('is completed by the repeat when the process died between vault and event', async () => {
    const append = jest.spyOn(app.store, 'append').mockRejectedValueOnce(new Error('died'));
    const body = person({ documents: passport() });
    expect((await register(desk, body, 'half')).status).toBe(500);
    append.mockRestore();
    expect((await register(desk, person({ documents: passport() }), 'half')).body.code).toBe('patient/key-reused');
    const { status, body: answer } = await register(desk, body, 'half');
    expect([status, (await app.request(desk, 'GET', `/${answer.patientId}`)).status]).toEqual([201, 200]);
  });

  it('is given up after a minute when its process died and somebody else comes with the document', async () => {
    const append = jest.spyOn(app.store, 'append').mockRejectedValueOnce(new Error('died'));
    const body = person({ documents: passport() });
    await register(desk, body, 'dead');
    append.mockRestore();
    expect((await register(desk, body)).body.code).toBe('patient/already-registered');
    await app.dataSource.query(`UPDATE patient.vault SET kept_at = kept_at - interval '1 minute'`);
    expect((await register(desk, body)).status).toBe(201);
    expect((await register(desk, body, 'dead')).body.code).toBe('patient/erased');
  });

  it('finds a document again, however it is spelled, and names its owner to staff only', async () => {
    const [document] = passport();
    const patientId = await registered(desk, person({ documents: [document] }));
    const again = person({ documents: [{ kind: 'passport', number: document!.number.toLowerCase().replace('-', ' ') }] });
    const forStaff = await register(authority, again);
    const forPortal = await register(actor('portal', 'p', { portalId: 'p1' }), again);
    expect([forStaff.status, forStaff.body.code, forStaff.text.includes(patientId)]).toEqual([409, 'patient/already-registered', true]);
    expect([forPortal.status, forPortal.body.code, forPortal.text.includes(patientId)]).toEqual([409, 'patient/already-registered', false]);
  });

  it('registers one of many who come with the same document at once, and leaves nothing of the others', async () => {
    const [shared] = passport();
    const rows = async () => Number((await app.dataSource.query('SELECT count(*) FROM patient.vault'))[0].count);
    const before = await rows();
    const answers = await Promise.all(Array.from({ length: 20 }, () => register(desk, person({ documents: [shared, ...passport()] }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
    const left = await app.dataSource.query('SELECT 1 FROM patient.document d LEFT JOIN patient.vault v USING (patient_id) WHERE v.patient_id IS NULL');
    expect([left.length, (await rows()) - before]).toEqual([0, 1]);
  });

  it('keeps 500 that arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => register(desk, person({ name: { family: `F${n}`, given: 'G' }, documents: passport() }))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const read = await app.request(desk, 'GET', `/${answers[321]!.body.patientId}`);
    expect(read.body).toMatchObject({ name: { family: 'F321', given: 'G' }, version: 1 });
  }, 60_000);

  it('registers the caller first, then dependants', async () => {
    const parent = actor('patient', 'parent');
    const own = await register(parent, person(), 'own');
    expect(own.body.guardianId).toBeNull();
    expect((await app.request(parent, 'GET', `/${own.body.patientId}`)).status).toBe(200);
    const linked = { ...parent, patientId: own.body.patientId };
    expect((await register(linked, person(), 'own')).text).toBe(own.text);
    const child = await register(linked, person({ birthDate: '2020-01-01' }));
    expect(child.body.guardianId).toBe(own.body.patientId);
    expect((await app.request(linked, 'GET', `/${child.body.patientId}`)).status).toBe(200);
    await app.feeds.caughtUp('patient-guardianship');
    expect((await app.request(linked, 'GET', '?guardian=me')).body).toEqual({ items: [{ patientId: child.body.patientId, scope: 'manage', expiresAt: null }], next: null });
  });

  it.each([
    ['name.family', person({ name: { family: ' ', given: 'B' } })],
    ['name.given', person({ name: { family: 'A', given: 'B\u0000' } })],
    ['name.family', person({ name: { family: 'x'.repeat(201), given: 'B' } })],
    ['name', person({ name: null })],
    ['birthDate', person({ birthDate: '1984-02-30' })],
    ['birthDate', person({ birthDate: '1899-12-31' })],
    ['birthDate', person({ birthDate: '2026-03-03' })],
    ['documents', person({ documents: Array(11).fill({ kind: 'a', number: '1' }) })],
    ['documents', person({ documents: null })],
    ['documents[0].kind', person({ documents: [{ kind: 'Pass', number: '1' }] })],
    ['documents[0].number', person({ documents: [{ kind: 'pass', number: 'x'.repeat(65) }] })],
    ['contacts[0].value', person({ contacts: [{ kind: 'phone', value: '0911' }] })],
    ['contacts[1].value', person({ contacts: [{ kind: 'email', value: 'a@example.org' }, { kind: 'email', value: '+34911234567' }] })],
    ['contacts[0].kind', person({ contacts: [{ kind: 'fax', value: '+34911234567' }] })],
    ['diagnosis', person({ diagnosis: 'x' })],
  ])('refuses a wrong %s, naming it', async (field, body) => {
    const { status, body: problem } = await register(desk, body);
    expect([status, (problem.errors as { field: string }[]).map((error) => error.field)]).toEqual([400, [field]]);
  });

  it('asks for a key and for a role', async () => {
    expect((await app.request(desk, 'POST', '', person())).body.code).toBe('talon/key-missing');
    expect((await register(actor('doctor', 'd1'), person())).status).toBe(403);
  });
});

describe('PATCH /v1/patients/{id}', () => {
  it('replaces what is sent, once, and records names of fields only', async () => {
    const id = await registered(desk, person({ documents: passport() }));
    const change = { name: { family: 'García', given: 'Lucía' }, contacts: [{ kind: 'phone', value: '+34911234567' }] };
    for (let time = 0; time < 2; time++) {
      const { status, body } = await app.request(asPatient(id), 'PATCH', `/${id}`, change);
      expect([status, body]).toMatchObject([200, { ...change, birthDate: '1984-06-30', version: 2 }]);
    }
    const stream = await app.store.readStream(`patient-${id}`);
    expect(stream.map(({ data }) => (data as { fields?: string[] }).fields)).toEqual([undefined, ['name', 'contacts']]);
  });

  it('lets go of documents that are taken away and refuses those of others', async () => {
    const [mine] = passport();
    const [theirs] = passport();
    const id = await registered(desk, person({ documents: [mine] }));
    await registered(desk, person({ documents: [theirs] }));
    expect((await app.request(desk, 'PATCH', `/${id}`, { documents: [mine, theirs] })).body.code).toBe('patient/already-registered');
    expect((await app.request(desk, 'PATCH', `/${id}`, { documents: [] })).body.version).toBe(2);
    expect((await register(desk, person({ documents: [mine] }))).status).toBe(201);
  });

  it('of many at the same time loses none', async () => {
    const id = await registered();
    const changes = await Promise.all([{ birthDate: '1990-01-01' }, { contacts: [{ kind: 'email', value: 'a@example.org' }] }].map((change) => app.request(desk, 'PATCH', `/${id}`, change)));
    expect(changes.map(({ status }) => status)).toEqual([200, 200]);
    expect((await app.request(desk, 'GET', `/${id}`)).body).toMatchObject({ birthDate: '1990-01-01', contacts: [{ value: 'a@example.org' }], version: 3 });
  });
});

describe('guardians', () => {
  it('act until the instant their time ends', async () => {
    const [id, guardianId] = [await registered(), await registered()];
    const expiresAt = '2026-03-01T09:00:01.000Z';
    const added = await app.request(asPatient(id), 'POST', `/${id}/guardians`, { guardianId, scope: 'manage', expiresAt: '2026-03-01T10:00:01+01:00' });
    expect([added.status, added.body]).toEqual([201, { guardianId, scope: 'manage', expiresAt }]);
    await app.feeds.caughtUp('patient-guardianship');
    const seen = async () => ({
      act: (await call(app.rpc, 'patient.may-act', { guardianId, patientId: id, scope: 'book' })).allowed,
      read: (await app.request(asPatient(guardianId), 'GET', `/${id}`)).status,
      listed: ((await app.request(desk, 'GET', `/${id}/guardians`)).body.items as unknown[]).length,
      dependants: ((await app.request(asPatient(guardianId), 'GET', '?guardian=me')).body.items as unknown[]).length,
    });
    app.clock.advanceTo(Date.parse(expiresAt) - 1);
    expect(await seen()).toEqual({ act: true, read: 200, listed: 1, dependants: 1 });
    app.clock.advanceTo(Date.parse(expiresAt));
    expect(await seen()).toEqual({ act: false, read: 403, listed: 0, dependants: 0 });
    expect((await app.request(desk, 'POST', `/${id}/guardians`, { guardianId, scope: 'read', expiresAt: NOW })).body.code).toBe('patient/guardian-expired');
  });

  it('are named by manage guardians, not by book guardians, and give up by themselves', async () => {
    const [id, manager, booker] = [await registered(), await registered(), await registered()];
    await app.request(desk, 'POST', `/${id}/guardians`, { guardianId: manager, scope: 'manage' });
    expect((await app.request(asPatient(manager), 'POST', `/${id}/guardians`, { guardianId: booker, scope: 'book' })).status).toBe(201);
    expect((await app.request(asPatient(booker), 'POST', `/${id}/guardians`, { guardianId: booker, scope: 'manage' })).status).toBe(403);
    expect((await app.request(asPatient(booker), 'GET', `/${id}`)).status).toBe(403);
    expect((await app.request(asPatient(booker), 'DELETE', `/${id}/guardians/${manager}`)).status).toBe(403);
    for (let time = 0; time < 2; time++) expect((await app.request(asPatient(booker), 'DELETE', `/${id}/guardians/${booker}`)).status).toBe(204);
    expect(await call(app.rpc, 'patient.may-act', { guardianId: booker, patientId: id, scope: 'book' })).toEqual({ allowed: false });
  });

  it('are registered patients', async () => {
    const id = await registered();
    const unknown = '99999999-9999-4999-8999-999999999999';
    expect((await app.request(desk, 'POST', `/${id}/guardians`, { guardianId: unknown, scope: 'read' })).body.code).toBe('patient/guardian-unknown');
  });
});

describe('DELETE /v1/patients/{id}', () => {
  it('destroys key, ciphertext and document marks; nothing brings them back', async () => {
    const body = person({ documents: passport() });
    const { body: first } = await register(desk, body, 'erased');
    const id = first.patientId;
    expect((await app.request(desk, 'DELETE', `/${id}`)).status).toBe(403);
    for (let time = 0; time < 2; time++) expect((await app.request(asPatient(id), 'DELETE', `/${id}`)).status).toBe(204);
    const rows = await app.dataSource.query('SELECT wrapped_key, ciphertext FROM patient.vault WHERE patient_id = $1', [id]);
    expect(rows).toEqual([{ wrapped_key: null, ciphertext: null }]);
    const answers = [await app.request(desk, 'GET', `/${id}`), await app.request(desk, 'PATCH', `/${id}`, { birthDate: '2000-01-01' }), await register(desk, body, 'erased')];
    expect(answers.map(({ status, body: problem }) => [status, problem.code])).toEqual(Array(3).fill([410, 'patient/erased']));
    expect(await call(app.rpc, 'patient.standing', { patientIds: [id, 'nobody'] })).toEqual({ [id]: 'erased', nobody: 'unknown' });
    expect((await register(desk, body, 'anew')).status).toBe(201);
  });

  it('is finished by the feed when the process died before the vault', async () => {
    const id = await registered();
    const data = { patientId: id };
    const [last] = await app.store.readStream(`patient-${id}`);
    await app.store.append(`patient-${id}`, last!.revision, [{ id: crypto.randomUUID(), type: 'PatientErased.v1', data, metadata: { at: NOW } }]);
    await app.feeds.caughtUp('patient-erasure');
    expect(await app.dataSource.query('SELECT ciphertext FROM patient.vault WHERE patient_id = $1', [id])).toEqual([{ ciphertext: null }]);
  });
});

describe('strangers', () => {
  it('do not learn which ids exist', async () => {
    const id = await registered();
    const stranger = asPatient(await registered());
    const answers = [await app.request(stranger, 'GET', `/${id}`), await app.request(stranger, 'GET', '/99999999-9999-4999-8999-999999999999')];
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(answers[0]!.body.detail).toBe(answers[1]!.body.detail);
  });

  it('among portals see what they registered only', async () => {
    const [mine, other] = [actor('portal', 'client-1', { portalId: 'p1' }), actor('portal', 'client-2', { portalId: 'p2' })];
    const id = await registered(mine);
    expect([(await app.request(mine, 'GET', `/${id}`)).status, (await app.request(other, 'GET', `/${id}`)).status]).toEqual([200, 403]);
  });
});
