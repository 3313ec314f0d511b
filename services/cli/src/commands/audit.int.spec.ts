import { bookingCodec } from '@talon/booking';
import type { ExpectedRevision, RecordedEvent, StoredEvent } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { slotCodec } from '@talon/inventory';
import { newId } from '@talon/kernel';
import { SERVICES } from '@talon/standalone';
import { Client } from 'pg';
import { readLog } from '../application/read-log';
import { startTestPlatform, type TestPlatform } from '../testing/test-platform';
import { auditCommand, auditPlatform } from './audit';
import { rebuildCommand } from './rebuild';

const DAY = '2030-01-07';

/** A small log of a real platform that has stopped; each test plants one breach in it and takes it out again. */
describe('audit and rebuild', () => {
  let platform: TestPlatform;
  let store: PostgresEventStore;
  let sql: Client;
  let head: number;
  let log: RecordedEvent[];
  const ids = { hospitalId: '', sessionId: '', patients: [] as string[], bookings: [] as string[] };

  beforeAll(async () => {
    platform = await startTestPlatform({ rehearsal: false });
    const { admin, portal } = platform;
    const create = <T>(path: string, body: object) => admin.must<T>({ method: 'POST', path, body });
    ({ hospitalId: ids.hospitalId } = await create<{ hospitalId: string }>('/v1/hospitals', { name: 'Small', zone: 'UTC' }));
    const { departmentId } = await create<{ departmentId: string }>('/v1/departments', { hospitalId: ids.hospitalId, name: 'General' });
    const { doctorId } = await create<{ doctorId: string }>('/v1/doctors', { hospitalId: ids.hospitalId, departmentId, name: 'Dr Small' });
    ({ sessionId: ids.sessionId } = await create<{ sessionId: string }>('/v1/sessions', { doctorId, departmentId, date: DAY, start: '09:00', end: '12:00', tickets: 5 }));
    for (const name of ['one', 'two', 'three']) {
      const body = { name: { family: name, given: name }, birthDate: '1980-01-01' };
      const { patientId } = await portal.must<{ patientId: string }>({ method: 'POST', path: '/v1/patients', key: name, body });
      ids.patients.push(patientId);
    }
    const book = (index: number, key: string) =>
      portal.must<{ bookingId: string }>({ method: 'POST', path: '/v1/bookings', key, body: { patientId: ids.patients[index], sessionId: ids.sessionId } });
    ids.bookings.push((await book(0, 'first')).bookingId, (await book(1, 'second')).bookingId);
    const { bookingId } = await book(2, 'third');
    await portal.must({ method: 'POST', path: `/v1/bookings/${bookingId}/cancel`, body: {} });
    await platform.settled();
    await platform.running.stop();
    store = await PostgresEventStore.connect(platform.config.DATABASE_URL);
    sql = new Client(platform.config.DATABASE_URL);
    await sql.connect();
    head = await store.head();
    log = [];
    await readLog(store, (event) => log.push(event));
    Object.assign(process.env, platform.env);
  }, 60_000);
  afterEach(async () => {
    await sql.query('DELETE FROM event_store.events WHERE position > $1', [head]);
    process.exitCode = undefined;
  });
  afterAll(async () => {
    await sql?.end();
    await store?.close();
    await platform?.stop();
    for (const name of Object.keys(platform?.env ?? {})) delete process.env[name];
  }, 60_000);

  const audit = () => auditPlatform(() => undefined, platform.config);
  const plant = (stream: string, expected: ExpectedRevision, event: Pick<StoredEvent, 'type' | 'data'>, id = newId()) =>
    store.append(stream, expected, [{ ...event, id, metadata: { at: '2029-12-31T00:00:00.000Z', by: 'system:test' } }]);
  const taken = (slot: number, bookingId: string, epoch = head) =>
    slotCodec.encode({
      type: 'SlotReserved',
      data: { sessionId: ids.sessionId, hospitalId: ids.hospitalId, slot, bookingId, startsAt: `${DAY}T09:00:00.000Z`, endsAt: `${DAY}T12:00:00.000Z`, epoch },
    });
  const slotStream = (slot: number) => `slot-${ids.sessionId}_${slot}`;
  /** The event of a real booking, with changes. */
  const booked = (bookingId: string, changes: { slot: number; patientId?: string }) => {
    const recorded = log.find(({ stream }) => stream === `booking-${ids.bookings[0]}`)!;
    const { type, data } = bookingCodec.decode(recorded);
    if (type !== 'BookingConfirmed') throw new Error(`unexpected ${type}`);
    return bookingCodec.encode({ type, data: { ...data, ...changes, bookingId } });
  };
  const slotOf = (bookingId: string) => log.find(({ stream, data }) => stream.startsWith('slot-') && 'bookingId' in data && data.bookingId === bookingId)!;
  const printed = async (work: () => Promise<void>) => {
    const written: string[] = [];
    const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean(written.push(String(text))));
    const err = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    try {
      await work();
    } finally {
      out.mockRestore();
      err.mockRestore();
    }
    return written.join('');
  };

  it('passes what the platform itself wrote', async () => {
    const report = await audit();
    expect(report).toMatchObject({ passed: true, events: log.length, breaches: [] });
    expect(new Set(Object.values(report.invariants))).toEqual(new Set([0]));
    expect(log.length).toBeGreaterThan(10);
    expect(JSON.parse(await printed(() => auditCommand({ json: true })))).toMatchObject({ passed: true });
    expect(process.exitCode).toBeUndefined();
  });

  it('sets off none of the timers of the services, which would write', async () => {
    const started = SERVICES.flatMap(({ module }) => ('onApplicationBootstrap' in module.prototype ? [jest.spyOn(module.prototype, 'onApplicationBootstrap')] : []));
    expect(started.length).toBeGreaterThan(0);
    await audit();
    for (const start of started) expect(start).not.toHaveBeenCalled();
    expect(await store.head()).toBe(head);
  });

  it('I1: finds a slot taken twice, names the event, and the exit code is 1', async () => {
    const { revision, stream } = slotOf(ids.bookings[0]!);
    const { position } = await plant(stream, revision, taken(Number(stream.split('_')[1]), newId()));
    expect(await audit()).toMatchObject({ passed: false, invariants: { I1: 1 }, breaches: [{ invariant: 'I1', position, stream }, { invariant: 'I2' }] });
    const text = await printed(() => auditCommand({}));
    expect(process.exitCode).toBe(1);
    expect(text).toMatch(new RegExp(`I1 +${position} +${stream} +taken although booking ${ids.bookings[0]} has it`));
  });

  it('I1: finds a slot that the session does not have', async () => {
    const { position } = await plant(slotStream(99), 'none', taken(99, newId()));
    expect((await audit()).breaches).toMatchObject([{ invariant: 'I1', position }]);
  });

  it('I2: finds a booking whose slot was never given to it', async () => {
    const bookingId = newId();
    const { position } = await plant(`booking-${bookingId}`, 'none', booked(bookingId, { slot: 5, patientId: newId() }));
    const { breaches } = await audit();
    expect(breaches.map(({ invariant, position: at }) => [invariant, at])).toEqual([['I2', position], ['I2', position]]);
  });

  it('I3: finds an event id that occurs twice', async () => {
    const { position } = await plant(slotStream(4), 'none', taken(4, newId()), log[0]!.id);
    expect((await audit()).breaches).toMatchObject([{ invariant: 'I3', position, message: expect.stringContaining(log[0]!.id) }]);
  });

  it('I3: finds a patient with more bookings on a day than allowed', async () => {
    const bookingId = newId();
    await plant(slotStream(4), 'none', taken(4, bookingId));
    const { position } = await plant(`booking-${bookingId}`, 'none', booked(bookingId, { slot: 4 }));
    expect((await audit()).breaches).toMatchObject([{ invariant: 'I3', position, message: expect.stringContaining(ids.patients[0]!) }]);
  });

  it('I5: finds a gap in a stream', async () => {
    await plant(slotStream(4), 'none', taken(4, newId()));
    await sql.query('UPDATE event_store.events SET revision = 7 WHERE position > $1', [head]);
    expect((await audit()).breaches).toMatchObject([{ invariant: 'I5', stream: slotStream(4) }]);
  });

  it('I5: finds a consumer ahead of the log', async () => {
    await sql.query("UPDATE feeds.cursors SET position = position + 5 WHERE name = 'relay'");
    try {
      expect((await audit()).breaches).toMatchObject([{ invariant: 'I5', stream: 'relay' }]);
    } finally {
      await sql.query("UPDATE feeds.cursors SET position = position - 5 WHERE name = 'relay'");
    }
  });

  it('I9: finds a slot taken under an old epoch', async () => {
    await plant(slotStream(4), 'none', taken(4, 'b', head));
    const released = slotCodec.encode({ type: 'SlotReleased', data: { sessionId: ids.sessionId, hospitalId: ids.hospitalId, slot: 4, bookingId: 'b' } });
    await plant(slotStream(4), 0, released);
    const { position } = await plant(slotStream(4), 1, taken(4, 'c', head - 1));
    expect((await audit()).breaches).toMatchObject([{ invariant: 'I9', position }]);
  });

  it('I6: finds a read model that somebody changed, mends it, and passes then', async () => {
    const { rowCount } = await sql.query('UPDATE schedule.hospital SET name = $1', ['Forged']);
    expect(rowCount).toBe(1);
    expect((await audit()).breaches).toMatchObject([{ invariant: 'I6', stream: expect.stringContaining('schedule') }]);
    expect((await sql.query<{ name: string }>('SELECT name FROM schedule.hospital')).rows).toEqual([{ name: 'Small' }]);
    expect((await audit()).passed).toBe(true);
  });

  it('rebuilds every read model to the same rows, finds a lost one, and lists the names for a wrong one', async () => {
    const names: string[] = JSON.parse(await printed(() => rebuildCommand(undefined, { json: true })));
    expect(names.length).toBeGreaterThanOrEqual(4);
    for (const name of names) expect(JSON.parse(await printed(() => rebuildCommand(name, { json: true })))).toMatchObject({ name, differences: 0 });
    const [table] = ['booking.booking_list'];
    await sql.query(`DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM ${table} LIMIT 1)`);
    const text = await printed(() => rebuildCommand('booking-list', {}));
    expect(text).toMatch(/booking-list +\d+ +3 +1 /);
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    expect(await printed(() => rebuildCommand('booking-list', {}))).toContain('Row for row what the log says');
    await expect(printed(() => rebuildCommand('bookings', {}))).rejects.toThrow(new RegExp(`no read model bookings; there are: .*${names[0]}`));
  });
});
