import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { EVENT_STREAM } from '@talon/nats';
import { type NodeProcess, ensureBuilt, startNode } from '@talon/testing';
import { Api, type Problem } from './testing/api';
import { Surroundings } from './testing/composed-platform';
import { AUTHORITY, type Booked, type Clinic, book, openClinic, planSession, registerPatient } from './testing/region';

const NAMES = ['schedule', 'inventory', 'patient', 'booking'] as const;
type Name = (typeof NAMES)[number];

/** A caller waits so long at most to hear that somebody else is away. */
const REFUSAL_MS_MAX = 6_000;
const AGAIN_MS_MAX = 10_000;

/** Each service as a process of its own, as `npx nx serve <service>` starts it; they talk over NATS. */
describe('four services, each alone', () => {
  let surroundings: Surroundings;
  let clinic: Clinic;
  const processes = new Map<Name, NodeProcess>();
  const at = (name: Name) => new Api(processes.get(name)!.url, surroundings.tokens);
  const patients: string[] = [];

  beforeAll(async () => {
    await ensureBuilt();
    surroundings = await Surroundings.start();
    // All at once, on an empty database: nobody may depend on who comes first.
    await Promise.all(NAMES.map(async (name) => processes.set(name, await startNode(`services/${name}/dist/main.js`, { ...surroundings.settings(), TALON_DATABASE_CONNECTIONS: '4' }))));
    clinic = await openClinic(at('schedule'), 'Hospital Clínico');
    for (let number = 0; number < 10; number++) patients.push(await registerPatient(at('patient'), number));
  }, 180_000);
  afterAll(async () => {
    await Promise.all([...processes.values()].map((one) => one.stop()));
    await surroundings?.stop();
  }, 60_000);

  const plan = (date: string) => planSession(at('schedule'), clinic, date, { tickets: 5 });
  const states = async (sessionId: string) => (await at('schedule').must<{ slots: { state: string }[] }>('GET', `/v1/sessions/${sessionId}`)).slots.map(({ state }) => state);

  it('book together: planned here, registered there, booked at the third, and the slot is seen as taken', async () => {
    const sessionId = await plan('2054-03-01');
    expect(await states(sessionId)).toEqual(['free', 'free', 'free', 'free', 'free']);
    const made = await book(at('booking'), AUTHORITY, 'together', { patientId: patients[0]!, sessionId, slot: 2 });
    expect(made).toMatchObject({ status: 201, body: { status: 'confirmed', slot: 2 } });
    expect(await states(sessionId)).toEqual(['free', 'reserved', 'free', 'free', 'free']);
    const unknown = await book(at('booking'), AUTHORITY, 'unknown', { patientId: sessionId, sessionId });
    expect(unknown.body).toMatchObject({ code: 'booking/patient-unknown' });
    expect((await at('booking').ask('POST', `/v1/bookings/${made.body.bookingId}/cancel`, { as: AUTHORITY })).status).toBe(200);
    await eventually(async () => expect(await states(sessionId)).toEqual(['free', 'free', 'free', 'free', 'free']));
  });

  it('keep their lists, and publish their events', async () => {
    const sessionId = await plan('2054-03-02');
    const made = await book(at('booking'), AUTHORITY, 'listed', { patientId: patients[0]!, sessionId });
    await eventually(async () => {
      const { items } = await at('booking').must<{ items: Booked[] }>('GET', `/v1/bookings?session=${sessionId}`, { as: AUTHORITY });
      expect(items.map(({ bookingId }) => bookingId)).toEqual([made.body.bookingId]);
      const found = await at('schedule').must<{ items: { sessionId: string; free: number }[] }>('GET', `/v1/availability?hospital=${clinic.hospitalId}&from=2054-03-02&to=2054-03-02`);
      expect(found.items).toMatchObject([{ sessionId, free: 4 }]);
      expect(await subjects(surroundings.nats.url)).toEqual(expect.arrayContaining([expect.stringMatching(/^talon\.booking\./), expect.stringMatching(/^talon\.schedule\./)]));
    });
  });

  it.each([
    ['inventory', '2054-04-01', 1],
    ['patient', '2054-04-02', 2],
    ['schedule', '2054-04-03', 3],
  ] as const)('%s killed: a booking is refused with 503 and may be repeated, and works when it is back', async (name, date, number) => {
    const sessionId = await plan(date);
    const patientId = patients[number]!;
    const before = await book(at('booking'), AUTHORITY, `before-${name}`, { patientId: patients[9]!, sessionId });
    expect(before.status).toBe(201);
    await processes.get(name)!.kill();
    const startedAt = performance.now();
    // A session that booking and inventory have not heard of yet, so that they must ask whoever knows.
    const target = name === 'schedule' ? { patientId, sessionId: clinic.doctorId } : { patientId, sessionId };
    const refused = await at('booking').ask<Problem & { retryable: boolean }>('POST', '/v1/bookings', { as: AUTHORITY, key: `key-${name}`, body: target });
    expect(refused).toMatchObject({ status: 503, body: { code: 'talon/unavailable', retryable: true } });
    expect(performance.now() - startedAt).toBeLessThan(REFUSAL_MS_MAX);
    // What needs nobody else goes on.
    expect((await at('booking').ask('GET', `/v1/bookings/${before.body.bookingId}`, { as: AUTHORITY })).status).toBe(200);
    if (name === 'inventory') expect(await states(sessionId)).toEqual(['unknown', 'unknown', 'unknown', 'unknown', 'unknown']);
    await processes.get(name)!.start();
    await eventually(async () => expect(await book(at('booking'), AUTHORITY, `key-${name}`, { patientId, sessionId })).toMatchObject({ status: 201, body: { sessionId } }));
    expect((await states(sessionId)).filter((state) => state === 'reserved')).toHaveLength(2);
  }, 60_000);
});

/** Repeats until `check` holds. @throws its last complaint after AGAIN_MS_MAX */
async function eventually(check: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + AGAIN_MS_MAX;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

/** Subjects that have messages in the stream. */
async function subjects(url: string): Promise<string[]> {
  const client = await connect({ servers: url });
  try {
    const { state } = await (await jetstreamManager(client)).streams.info(EVENT_STREAM, { subjects_filter: '>' });
    return Object.keys(state.subjects ?? {});
  } finally {
    await client.close();
  }
}
