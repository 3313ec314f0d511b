import { call } from '@talon/contracts';
import { type Actor, deriveId, newId, type Role } from '@talon/kernel';
import { type ScheduleApp, startScheduleApp } from '../../testing/schedule-app';

let app: ScheduleApp;
beforeAll(async () => void (app = await startScheduleApp()), 60_000);
afterAll(() => app.stop());

const actor = (role: Role, subject: string, hospitalIds: string[] = []): Actor => ({ subject, roles: [role], hospitalIds });
const authority = actor('authority-admin', 'authority');
const nobody = undefined;
const UNKNOWN = deriveId('nothing');

let count = 0;
/** A hospital with a department and a doctor of its own. */
async function clinic() {
  const number = ++count;
  const { hospitalId } = (await app.request(authority, 'POST', 'hospitals', { name: `Hospital ${number}`, zone: 'Europe/Madrid' })).body as never as { hospitalId: string };
  const admin = actor('hospital-admin', `admin-${number}`, [hospitalId]);
  const { departmentId } = (await app.request(admin, 'POST', 'departments', { hospitalId, name: 'Cardiology' })).body as never as { departmentId: string };
  const doctor = async (name = 'Ana Ruiz') =>
    ((await app.request(admin, 'POST', 'doctors', { hospitalId, departmentId, name })).body as never as { doctorId: string }).doctorId;
  return { hospitalId, admin, departmentId, doctor, doctorId: await doctor() };
}
type Clinic = Awaited<ReturnType<typeof clinic>>;
const body = ({ doctorId, departmentId }: { doctorId: string; departmentId: string }, more: object = {}) => ({
  doctorId, departmentId, date: '2026-12-01', start: '09:00', end: '12:00', slotMinutes: 15, ...more,
});
const planned = async (at: Clinic, more: object = {}) => (await app.request(at.admin, 'POST', 'sessions', body(at, more))).body as never as { sessionId: string };
const streamOf = async (sessionId: string) => (await app.store.readStream(`session-${sessionId}`)).map(({ type }) => type);

describe('POST /v1/sessions', () => {
  it('plans a session that can be read at once, with its slots', async () => {
    const at = await clinic();
    const price = { amountMinor: 2_500, currency: 'EUR' };
    const created = await app.request(at.admin, 'POST', 'sessions', body(at, { price, opensAt: '2026-11-24T08:00:00+01:00' }));
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      hospitalId: at.hospitalId, departmentId: at.departmentId, doctorId: at.doctorId, date: '2026-12-01', zone: 'Europe/Madrid',
      startsAt: '2026-12-01T08:00:00.000Z', endsAt: '2026-12-01T11:00:00.000Z', price, opensAt: '2026-11-24T07:00:00.000Z', slotCount: 12, status: 'not-open',
    });
    const { sessionId } = created.body as never as { sessionId: string };
    const read = await app.request(nobody, 'GET', `sessions/${sessionId}`);
    expect(read.body).toEqual({ ...created.body, slots: expect.any(Array) });
    const slots = (read.body as never as { slots: object[] }).slots;
    expect(slots).toHaveLength(12);
    expect(slots[11]).toEqual({ number: 12, startsAt: '2026-12-01T10:45:00.000Z', endsAt: '2026-12-01T11:00:00.000Z', state: 'free' });
  });

  it('lets one of 20 overlapping sessions of a doctor win and names it to the others', async () => {
    const at = await clinic();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => app.request(at.admin, 'POST', 'sessions', body(at, { start: `09:${10 + n}` }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
    const winner = answers.find(({ status }) => status === 201)!.body as never as { sessionId: string };
    const losers = answers.filter(({ status }) => status === 409);
    expect(losers.every(({ body: { code } }) => code === 'schedule/doctor-busy')).toBe(true);
    expect(new Set(losers.map((loser) => (loser.body as never as { otherSessionId: string }).otherSessionId))).toEqual(new Set([winner.sessionId]));
  });

  it('plans 50 sessions of one doctor that arrive together and do not overlap', async () => {
    const at = await clinic();
    const days = Array.from({ length: 50 }, (_, n) => new Date(Date.UTC(2027, 0, 1 + n)).toISOString().slice(0, 10));
    const answers = await Promise.all(days.map((date) => app.request(at.admin, 'POST', 'sessions', body(at, { date }))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  });

  it('answers a repeat with the first session and refuses the key for another body', async () => {
    const at = await clinic();
    const first = await app.request(at.admin, 'POST', 'sessions', body(at), 'key');
    const repeats = await Promise.all([1, 2, 3].map(() => app.request(at.admin, 'POST', 'sessions', body(at), 'key')));
    for (const repeat of repeats) expect(repeat).toEqual(first);
    const other = await app.request(at.admin, 'POST', 'sessions', body(at, { end: '13:00' }), 'key');
    expect([other.status, other.body.code]).toEqual([422, 'schedule/key-reused']);
    expect((await app.store.readStream(`agenda-${at.doctorId}`)).length).toBe(1);
  });

  it.each([['a repeat', true], ['the agenda reaction', false]])('is finished by %s when the process died between agenda and session', async (_, repeated) => {
    const at = await clinic();
    const append = app.store.append.bind(app.store);
    const dying = jest.spyOn(app.store, 'append').mockImplementation((stream, expected, events) =>
      stream.startsWith('session-') ? Promise.reject(new Error('died')) : append(stream, expected, events),
    );
    const died = await app.request(at.admin, 'POST', 'sessions', body(at), 'key');
    dying.mockRestore();
    expect(died.status).toBe(500);
    if (repeated) expect((await app.request(at.admin, 'POST', 'sessions', body(at), 'key')).status).toBe(201);
    await app.feeds.caughtUp('schedule-agenda', { timeoutMs: 20_000 });
    expect(await streamOf(deriveId('session', at.admin.subject, 'key'))).toEqual(['SessionPlanned.v1']);
  }, 30_000);

  it('refuses times that the clock skips, and follows the clock otherwise', async () => {
    const at = await clinic();
    const skipped = await app.request(at.admin, 'POST', 'sessions', body(at, { date: '2027-03-28', start: '02:30', end: '04:00' }));
    expect([skipped.status, skipped.body.code, skipped.body.errors[0]!.field]).toEqual([422, 'schedule/time-not-real', 'start']);
    const night = { date: '2027-03-28', start: '00:00', end: '24:00', tickets: 5, slotMinutes: undefined };
    expect(await planned(at, night)).toMatchObject({ startsAt: '2027-03-27T23:00:00.000Z', endsAt: '2027-03-28T22:00:00.000Z', slotCount: 5 });
    const long = await app.request(at.admin, 'POST', 'sessions', body(at, { ...night, date: '2027-10-31' }));
    expect([long.status, long.body.errors[0]!.field]).toEqual([422, 'end']);
  });

  it.each<[string, number, object]>([
    ['date', 400, { date: '2026-02-30' }], ['date', 400, { date: null }], ['zone', 400, { zone: 'Mars/Base' }], ['start', 400, { start: '9:00' }],
    ['start', 400, { start: '24:00' }], ['end', 422, { end: '09:00' }], ['end', 422, { end: '08:00' }], ['end', 400, { end: '24:01' }],
    ['slotMinutes', 400, { slotMinutes: -15 }], ['slotMinutes', 400, { slotMinutes: 481 }], ['slotMinutes', 400, { slotMinutes: 1.5 }],
    ['slotMinutes', 422, { slotMinutes: 181 }], ['slotMinutes', 422, { slotMinutes: undefined }], ['tickets', 400, { slotMinutes: undefined, tickets: -1 }],
    ['tickets', 400, { slotMinutes: undefined, tickets: 2_001 }], ['tickets', 422, { tickets: 5 }], ['price.currency', 400, { price: { amountMinor: 1, currency: 'XXY' } }],
    ['price.amountMinor', 400, { price: { amountMinor: -1, currency: 'EUR' } }], ['price', 400, { price: [] }], ['price', 400, { price: 'free' }],
    ['opensAt', 400, { opensAt: '2026-12-01' }], ['opensAt', 422, { opensAt: '2026-12-01T08:00:00.001Z' }], ['doctorId', 400, { doctorId: "'; DROP TABLE" }],
    ['doctorId', 422, { doctorId: UNKNOWN }], ['departmentId', 422, { departmentId: UNKNOWN }], ['date', 422, { date: '2026-11-22' }], ['extra', 400, { extra: 1 }],
  ])('names %s (%i) in %j and stores nothing', async (field, status, more) => {
    const at = await clinic();
    const before = (await app.events()).length;
    const answer = await app.request(authority, 'POST', 'sessions', body(at, more));
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([status, field]);
    expect((await app.events()).length).toBe(before);
  });

  it('refuses a department that is not the doctor’s', async () => {
    const [at, other] = [await clinic(), await clinic()];
    const answer = await app.request(authority, 'POST', 'sessions', body({ doctorId: at.doctorId, departmentId: other.departmentId }));
    expect([answer.status, answer.body.code]).toEqual([422, 'schedule/not-together']);
  });

  it('is for admins of that hospital', async () => {
    const [at, other] = [await clinic(), await clinic()];
    expect((await app.request(other.admin, 'POST', 'sessions', body(at))).status).toBe(403);
    expect((await app.request(actor('registrar', 'desk', [at.hospitalId]), 'POST', 'sessions', body(at))).status).toBe(403);
    expect((await app.request(nobody, 'POST', 'sessions', body(at))).status).toBe(401);
    expect((await app.request(authority, 'POST', 'sessions', body(at))).status).toBe(201);
  });
});

describe('slots of a session', () => {
  it('are added with a reason, once per key, and reach the stock', async () => {
    const at = await clinic();
    const { sessionId } = await planned(at);
    const slots = { slots: [{ start: '11:00', end: '11:15' }], reason: 'more people' };
    const [first, repeat] = [await app.request(at.admin, 'POST', `sessions/${sessionId}/slots`, slots, 'k'), await app.request(at.admin, 'POST', `sessions/${sessionId}/slots`, slots, 'k')];
    expect([first.status, first.body]).toEqual([201, { numbers: [13], inEffect: true }]);
    expect(repeat).toEqual(first);
    expect(app.inventory.synced).toContain(sessionId);
    expect((await call(app.rpc, 'schedule.supply', { sessionId }))!.slots.at(-1)).toEqual({
      number: 13, startsAt: '2026-12-01T10:00:00.000Z', endsAt: '2026-12-01T10:15:00.000Z', bookableUntil: '2026-12-01T10:00:00.000Z',
    });
    expect((await app.request(at.admin, 'POST', `sessions/${sessionId}/slots`, { ...slots, reason: '' })).body.errors[0]!.field).toBe('reason');
  });

  it('are withdrawn as far as nobody has them', async () => {
    const at = await clinic();
    const { sessionId } = await planned(at);
    app.inventory.taken.set(sessionId, [2]);
    const withdraw = (numbers: unknown) => app.request(at.admin, 'POST', `sessions/${sessionId}/withdrawals`, { numbers, reason: 'ill' });
    expect((await withdraw([2])).body).toMatchObject({ status: 409, code: 'schedule/slots-taken', numbers: [2] });
    expect(await withdraw([1, 2, 3])).toEqual({ status: 200, body: { withdrawn: [1, 3], taken: [2], inEffect: true } });
    expect(await withdraw([1, 3])).toEqual({ status: 200, body: { withdrawn: [1, 3], taken: [], inEffect: true } });
    expect((await withdraw([13])).body.errors[0]!.field).toBe('numbers[0]');
    expect((await withdraw([])).status).toBe(400);
    const { slots, slotCount } = (await app.request(nobody, 'GET', `sessions/${sessionId}`)).body as never as { slots: { state: string }[]; slotCount: number };
    expect([slotCount, ...slots.slice(0, 4).map(({ state }) => state)]).toEqual([10, 'withdrawn', 'reserved', 'withdrawn', 'free']);
    const recorded = await app.store.readStream(`session-${sessionId}`);
    expect(recorded.map(({ type, metadata }) => [type, metadata.by])).toEqual([
      ['SessionPlanned.v1', `hospital-admin:${at.admin.subject}`], ['SlotsWithdrawn.v1', `hospital-admin:${at.admin.subject}`],
    ]);
  });

  it('stop selling when the session is suspended, even when the stock hears of it later', async () => {
    const at = await clinic();
    const { sessionId } = await planned(at);
    app.inventory.down = true;
    const stopped = await app.request(at.admin, 'POST', `sessions/${sessionId}/suspend`, { reason: 'ill' });
    expect([stopped.status, stopped.body]).toEqual([200, { inEffect: false }]);
    const { status, slots } = (await app.request(nobody, 'GET', `sessions/${sessionId}`)).body as never as { status: string; slots: { state: string }[] };
    expect([status, slots[0]!.state]).toEqual(['suspended', 'unknown']);
    app.inventory.down = false;
    await app.feeds.caughtUp('schedule-supply-sync', { timeoutMs: 20_000 });
    expect(app.inventory.synced).toContain(sessionId);
    expect((await call(app.rpc, 'schedule.supply', { sessionId }))).toMatchObject({ suspended: true, revision: 1 });
    expect((await app.request(at.admin, 'POST', `sessions/${sessionId}/resume`)).body).toEqual({ inEffect: true });
    expect(await streamOf(sessionId)).toEqual(['SessionPlanned.v1', 'SessionSuspended.v1', 'SessionResumed.v1']);
  }, 30_000);

  it('belong to admins of that hospital', async () => {
    const [at, other] = [await clinic(), await clinic()];
    const { sessionId } = await planned(at);
    for (const path of ['slots', 'withdrawals', 'suspend']) {
      expect((await app.request(other.admin, 'POST', `sessions/${sessionId}/${path}`, { reason: 'x', ...(path === 'withdrawals' && { numbers: [1] }) })).status).toBe(403);
    }
    expect((await app.request(other.admin, 'POST', `sessions/${sessionId}/resume`)).status).toBe(403);
    expect((await app.request(other.admin, 'POST', `sessions/${newId()}/resume`)).status).toBe(404);
  });
});

describe('what other services ask', () => {
  it('facts carry the hospital’s limits, a change of them within two seconds', async () => {
    const at = await clinic();
    const { sessionId } = await planned(at);
    expect(await call(app.rpc, 'schedule.session', { sessionId })).toMatchObject({ sessionId, hospitalId: at.hospitalId, price: null, bookingsPerPatientDayMax: 1, holdTtlMs: 300_000 });
    await app.request(at.admin, 'PATCH', `hospitals/${at.hospitalId}`, { bookingsPerPatientDayMax: 3, holdMinutes: 10 });
    await new Promise((resolve) => setTimeout(resolve, 2_050));
    expect(await call(app.rpc, 'schedule.session', { sessionId })).toMatchObject({ bookingsPerPatientDayMax: 3, holdTtlMs: 600_000 });
    expect(await call(app.rpc, 'schedule.session', { sessionId: UNKNOWN })).toBeNull();
    expect(await call(app.rpc, 'schedule.supply', { sessionId: UNKNOWN })).toBeNull();
  });

  it('of one tick costs one read of the store', async () => {
    const at = await clinic();
    const ids = await Promise.all(['2026-12-02', '2026-12-03', '2026-12-04'].map(async (date) => (await planned(at, { date })).sessionId));
    const reads = jest.spyOn(app.store, 'readStreams');
    const supplies = await Promise.all([...ids, ...ids].map((sessionId) => call(app.rpc, 'schedule.supply', { sessionId })));
    expect(supplies.map((supply) => supply!.slots.length)).toEqual(Array(6).fill(12));
    expect(reads.mock.calls.filter(([streams]) => streams.some((stream) => stream.includes(ids[0]!)))).toHaveLength(1);
    reads.mockRestore();
  });
});
