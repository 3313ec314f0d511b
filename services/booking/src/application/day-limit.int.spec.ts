import { newId } from '@talon/kernel';
import type { EventStore } from '@talon/event-sourcing';
import { type BookingApp, actor, desk, startBookingApp } from '../testing/booking-app';

let app: BookingApp;
beforeAll(async () => void (app = await startBookingApp()), 60_000);
afterAll(() => app.stop());
beforeEach(() => {
  app.region.afterReserve = async () => undefined;
  jest.restoreAllMocks();
});

const ROUNDS = 25;
const post = (path: string, body: object = {}) => app.request(desk, 'POST', path, body);

/** Bookings of a patient that count on that day, by the log. */
async function activeOf(patientId: string, date = '2026-03-10'): Promise<string[]> {
  await app.caughtUp();
  const { body } = await app.request(actor('authority-admin', 'audit'), 'GET', `?patient=${patientId}`);
  const rows = body.items as unknown as { bookingId: string; date: string; status: string }[];
  return rows.filter((row) => row.date === date && ['pending', 'confirmed'].includes(row.status)).map(({ bookingId }) => bookingId);
}

describe('one booking per patient and day', () => {
  it('lets exactly one of two requests at once win, in two sessions and two processes', async () => {
    const [a, b] = [app.plan({ slots: 100 }), app.plan({ slots: 100 })];
    for (let round = 0; round < ROUNDS; round++) {
      const patientId = newId();
      const answers = await Promise.all([a, b].map((sessionId) => app.book(desk, patientId, sessionId)));
      expect({ round, codes: answers.map(({ body }) => body.code ?? 'booked').sort() }).toEqual({ round, codes: ['booked', 'booking/day-limit'] });
    }
    expect([...app.region.holders(a), ...app.region.holders(b)].filter(Boolean)).toHaveLength(ROUNDS);
  });

  it('holds when Redis forgets everything between slot and record, and somebody else books meanwhile', async () => {
    const [a, b] = [app.plan({ slots: 50 }), app.plan({ slots: 50 })];
    for (let round = 0; round < 5; round++) {
      const patientId = newId();
      let second: { status: number } | undefined;
      app.region.afterReserve = async ({ sessionId }) => {
        if (sessionId !== a || second) return;
        second = { status: 0 };
        await app.gate.client.flushAll();
        second = await app.book(desk, patientId, b);
      };
      const key = newId();
      const first = await app.book(desk, patientId, a, key);
      expect([first.status, first.body.code, second?.status]).toEqual([409, 'booking/day-limit', 201]);
      expect(await activeOf(patientId)).toHaveLength(1);
      expect((await app.book(desk, patientId, a, key)).body.code).toBe('booking/day-limit');
    }
    await app.caughtUp();
    expect(app.region.holders(a).filter(Boolean)).toEqual([]);
  });

  it('goes on when Redis forgets everything and nobody else wants the day', async () => {
    const sessionId = app.plan();
    app.region.afterReserve = async () => void (await app.gate.client.flushAll());
    const patientId = newId();
    expect((await app.book(desk, patientId, sessionId)).status).toBe(201);
    app.region.afterReserve = async () => undefined;
    expect((await app.book(desk, patientId, sessionId)).body.code).toBe('booking/day-limit');
  });

  it('is known again within two seconds after Redis forgot 200 patients', async () => {
    const sessionId = app.plan({ slots: 500 });
    const patients = Array.from({ length: 200 }, () => newId());
    await Promise.all(patients.map((patientId) => app.book(desk, patientId, sessionId)));
    await app.gate.client.flushAll();
    const startedAt = performance.now();
    const answers = await Promise.all(patients.map((patientId) => app.book(desk, patientId, sessionId)));
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['booking/day-limit']));
    console.info(`200 patients known again after ${Math.round(performance.now() - startedAt)} ms`);
  });

  it('survives a restart of Redis in the middle of a sale', async () => {
    const sessionId = app.plan({ slots: 500 });
    const patients = Array.from({ length: 30 }, () => newId());
    await Promise.all(patients.map((patientId) => app.book(desk, patientId, sessionId)));
    await app.redis.restart();
    for (const patientId of patients) {
      let answer = await app.book(desk, patientId, sessionId);
      for (let i = 0; i < 20 && answer.status === 503; i++) answer = await app.book(desk, patientId, sessionId);
      expect(answer.body.code).toBe('booking/day-limit');
    }
  });
});

describe('what crashed requests leave behind', () => {
  const LEASE_MS = 15_000;
  /** The request is never answered: its process dies where the hook says. */
  const died = () => new Promise<never>(() => undefined);

  it('a claim without a booking stops counting after its lease, and the slow writer finds itself abandoned', async () => {
    const [patientId, sessionId, other, key] = [newId(), app.plan(), app.plan(), newId()];
    let goOn: () => void = () => undefined;
    app.region.afterReserve = ({ sessionId: of }) => (of === sessionId ? new Promise<void>((resolve) => (goOn = resolve)) : Promise.resolve());
    const slow = app.book(desk, patientId, sessionId, key, undefined);
    await until(() => app.region.holders(sessionId)[0] !== undefined);
    expect((await app.book(desk, patientId, other)).body.code).toBe('booking/day-limit');
    const realNow = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => realNow + LEASE_MS + 5_000);
    expect((await app.book(desk, patientId, other)).status).toBe(201);
    goOn();
    expect((await slow).body.code).toBe('booking/abandoned');
    expect(app.region.holders(sessionId)[0]).toBeUndefined();
    expect(await activeOf(patientId)).toHaveLength(1);
  });

  it('a slot without a booking is an orphan, fenced before inventory hears of it', async () => {
    const [patientId, sessionId] = [newId(), app.plan()];
    app.region.afterReserve = died;
    void app.book(desk, patientId, sessionId);
    await until(() => app.region.holders(sessionId)[0] !== undefined);
    const claim = { bookingId: app.region.holders(sessionId)[0]!, sessionId, slot: 1 };
    const owner = await ownedSlot();
    expect(await app.orphans().among([claim, owner])).toEqual([claim]);
    expect(await app.state(claim.bookingId)).toEqual({ status: 'abandoned' });
  });

  it('the slot of a change that never happened is an orphan, and the slow change is refused', async () => {
    const owner = await ownedSlot();
    const to = app.plan({ date: '2026-03-14' });
    let goOn: () => void = () => undefined;
    app.region.afterReserve = () => new Promise<void>((resolve) => (goOn = resolve));
    const slow = post(`/${owner.bookingId}/reschedule`, { sessionId: to });
    await until(() => app.region.holders(to)[0] !== undefined);
    const claim = { bookingId: owner.bookingId, sessionId: to, slot: 1 };
    expect(await app.orphans().among([claim, owner])).toEqual([claim]);
    goOn();
    expect((await slow).body.code).toBe('talon/conflict');
    expect(await app.state(owner.bookingId)).toMatchObject({ status: 'confirmed', place: { sessionId: owner.sessionId } });
    expect([app.region.holders(owner.sessionId)[0], app.region.holders(to)[0]]).toEqual([owner.bookingId, undefined]);
  });

  it('a record whose answer was lost is answered by the repeat', async () => {
    const [patientId, sessionId, key] = [newId(), app.plan(), newId()];
    const append = app.store.append.bind(app.store) as EventStore['append'];
    jest.spyOn(app.store, 'append').mockImplementationOnce(async (...args) => {
      await append(...args);
      throw new Error('the process died');
    });
    expect((await app.book(desk, patientId, sessionId, key)).status).toBe(500);
    const { status, body } = await app.book(desk, patientId, sessionId, key);
    expect([status, body.slot]).toEqual([201, 1]);
    expect(app.region.holders(sessionId).filter(Boolean)).toEqual([body.bookingId]);
  });

  async function ownedSlot() {
    app.region.afterReserve = async () => undefined;
    const sessionId = app.plan();
    const { body } = await app.book(desk, newId(), sessionId);
    return { bookingId: body.bookingId, sessionId, slot: body.slot };
  }
});

async function until(condition: () => boolean) {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('never happened');
}

