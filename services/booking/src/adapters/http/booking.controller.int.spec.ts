import { newId } from '@talon/kernel';
import { type BookingApp, HOSPITAL, actor, asPatient, desk, startBookingApp } from '../../testing/booking-app';

let app: BookingApp;
beforeAll(async () => void (app = await startBookingApp()), 60_000);
afterAll(() => app.stop());
beforeEach(() => {
  app.region.afterReserve = async () => undefined;
  app.region.releaseFails = false;
});

const get = (by = desk, path = '') => app.request(by, 'GET', path);
const post = (by = desk, path = '', body: object = {}) => app.request(by, 'POST', path, body);
const eventsOf = async (bookingId: string) => (await app.store.readStream(`booking-${bookingId}`)).map(({ type }) => type);

describe('POST /v1/bookings', () => {
  it('confirms a slot at once when there is nothing to pay', async () => {
    const [patientId, sessionId] = [newId(), app.plan()];
    const { status, body } = await app.book(asPatient(patientId), patientId, sessionId);
    expect(status).toBe(201);
    expect(body).toEqual({
      bookingId: body.bookingId, status: 'confirmed', patientId, sessionId, hospitalId: HOSPITAL, slot: 1, startsAt: '2026-03-10T09:00:00.000Z',
      endsAt: '2026-03-10T09:20:00.000Z', date: '2026-03-10', zone: 'Europe/Madrid', price: null, holdExpiresAt: null,
    });
    expect(app.region.holders(sessionId)[0]).toBe(body.bookingId);
    expect((await get(asPatient(patientId), `/${body.bookingId}`)).body).toEqual(body);
  });

  it('keeps a slot with a price until the hold ends, then ends the booking', async () => {
    const [patientId, sessionId] = [newId(), app.plan({ price: 1250 })];
    const { body } = await app.book(desk, patientId, sessionId);
    expect([body.status, body.holdExpiresAt]).toEqual(['pending', new Date(app.clock.nowMs() + 300_000).toISOString()]);
    await app.caughtUp();
    expect(await app.expire().sweep()).toBe(0);
    app.clock.advanceTo(app.clock.nowMs() + 299_999);
    expect((await get(desk, `/${body.bookingId}`)).body.status).toBe('pending');
    app.clock.advanceTo(app.clock.nowMs() + 1);
    // Two sweeps at once, as two processes would.
    await Promise.all([app.expire().sweep(), app.expire().sweep()]);
    await app.caughtUp();
    expect(await eventsOf(body.bookingId)).toEqual(['BookingRequested.v1', 'BookingExpired.v1']);
    expect((await app.book(desk, patientId, app.plan())).status).toBe(201);
  });

  it.each([
    ['an unknown session', () => ({ patientId: newId(), sessionId: newId() }), 404, 'booking/session-unknown', 'sessionId'],
    ['an unknown patient', () => ({ patientId: `00000000-${newId().slice(9)}`, sessionId: app.plan() }), 422, 'booking/patient-unknown', 'patientId'],
    ['slot 0', () => ({ patientId: newId(), sessionId: app.plan(), slot: 0 }), 400, 'talon/invalid-input', 'slot'],
    ['slot null', () => ({ patientId: newId(), sessionId: app.plan(), slot: null }), 400, 'talon/invalid-input', 'slot'],
    ['a patient that is no id', () => ({ patientId: "1'; --", sessionId: app.plan() }), 400, 'talon/invalid-input', 'patientId'],
  ])('refuses %s and names the field', async (_, body, status, code, field) => {
    const answer = await app.request(desk, 'POST', '', body(), newId());
    expect(answer).toMatchObject({ status, body: { code, errors: [expect.objectContaining({ field })] } });
  });

  it('gives the claim back when there is no slot', async () => {
    const [patientId, full, other] = [newId(), app.plan({ slots: 1 }), app.plan()];
    await app.book(desk, newId(), full);
    expect((await app.book(desk, patientId, full)).body.code).toBe('inventory/sold-out');
    expect((await app.book(desk, patientId, other)).status).toBe(201);
  });

  it('is for the patient, guardians with scope book, the desk of the hospital, portals and the authority only', async () => {
    const [patientId, guardianId] = [newId(), newId()];
    app.region.guardians.add(`${guardianId} ${patientId} book`);
    const tries = [
      asPatient(patientId), asPatient(guardianId), desk, actor('portal', 'p', { portalId: 'portal-1' }), actor('authority-admin', 'a'),
      asPatient(newId()), actor('registrar', 'other', { hospitalIds: [newId()] }), actor('patient', 'nobody'),
    ];
    const answers = [];
    for (const by of tries) answers.push((await app.book(by, patientId, app.plan({ limit: 100 }))).body.code ?? 'booked');
    expect(answers).toEqual([...Array(5).fill('booked'), ...Array(3).fill('booking/not-your-patient')]);
  });
});

describe('one Idempotency-Key', () => {
  it('sent 50 times at once is one booking, everyone else gets the same answer or is told to come again', async () => {
    const [patientId, sessionId, key] = [newId(), app.plan(), newId()];
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.book(desk, patientId, sessionId, key)));
    const won = answers.filter(({ status }) => status === 201);
    expect(new Set(won.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))).toEqual(new Set(['booking/in-progress']));
    expect((await app.book(desk, patientId, sessionId, key)).body).toEqual(won[0]!.body);
    expect(app.region.holders(sessionId).filter(Boolean)).toHaveLength(1);
  });

  it('with another body is refused', async () => {
    const [patientId, sessionId, key] = [newId(), app.plan(), newId()];
    await app.book(desk, patientId, sessionId, key);
    expect((await app.book(desk, patientId, sessionId, key, 2)).body).toMatchObject({ code: 'booking/key-reused', status: 422 });
    expect((await app.book(desk, newId(), app.plan(), key)).body.code).toBe('booking/key-reused');
    expect((await app.book(actor('registrar', 'desk-2', { hospitalIds: [HOSPITAL] }), newId(), sessionId, key)).status).toBe(201);
    expect(app.region.holders(sessionId).filter(Boolean)).toHaveLength(2);
  });

  it('gets the first answer again after a cancellation, a sold-out session and an emptied Redis', async () => {
    const [patientId, sessionId, key] = [newId(), app.plan({ slots: 1 }), newId()];
    const { body } = await app.book(desk, patientId, sessionId, key);
    await post(desk, `/${body.bookingId}/cancel`);
    await app.book(desk, newId(), sessionId);
    await app.gate.client.flushAll();
    expect(await app.book(desk, patientId, sessionId, key)).toEqual({ status: 201, body });
    expect((await app.book(desk, patientId, app.plan())).status).toBe(201);
  });

  it('may be tried again after a refusal', async () => {
    const [patientId, sessionId, key] = [newId(), app.plan({ slots: 1 }), newId()];
    const { body } = await app.book(desk, newId(), sessionId);
    expect((await app.book(desk, patientId, sessionId, key)).body.code).toBe('inventory/sold-out');
    await post(desk, `/${body.bookingId}/cancel`);
    expect((await app.book(desk, patientId, sessionId, key)).status).toBe(201);
  });
});

describe('cancelling', () => {
  it('frees slot and day before it answers, and answers a repeat alike', async () => {
    const [patientId, sessionId] = [newId(), app.plan({ slots: 1 })];
    const { body } = await app.book(desk, patientId, sessionId);
    const first = await post(desk, `/${body.bookingId}/cancel`, { reason: 'ill' });
    expect(first).toEqual({ status: 200, body: { ...body, status: 'cancelled' } });
    expect((await app.book(desk, patientId, sessionId)).status).toBe(201);
    expect(await post(desk, `/${body.bookingId}/cancel`)).toEqual(first);
    await app.caughtUp();
    expect(app.region.holders(sessionId).filter(Boolean)).toHaveLength(1);
  });

  it('is carried to the end by the feed when inventory was away', async () => {
    const [patientId, sessionId] = [newId(), app.plan({ slots: 1 })];
    const { body } = await app.book(desk, patientId, sessionId);
    app.region.releaseFails = true;
    expect((await post(desk, `/${body.bookingId}/cancel`)).status).toBe(200);
    expect(app.region.holders(sessionId)).toEqual([body.bookingId]);
    app.region.releaseFails = false;
    await app.caughtUp();
    expect(app.region.holders(sessionId)).toEqual([undefined]);
  });

  it('is possible with a ticket until the session ends, with a timed slot until it starts', async () => {
    const day = new Date(app.clock.nowMs() + 86_400_000).toISOString().slice(0, 10);
    const [timed, ticket] = [app.plan({ date: day }), app.plan({ date: day, tickets: true })];
    const [one, two] = [await app.book(desk, newId(), timed), await app.book(desk, newId(), ticket)];
    app.clock.advanceTo(Date.parse(`${day}T09:00:00.000Z`));
    expect((await post(desk, `/${one.body.bookingId}/cancel`)).body.code).toBe('booking/too-late');
    expect((await post(desk, `/${two.body.bookingId}/cancel`)).status).toBe(200);
  });
});

describe('rescheduling', () => {
  it('moves to another day: the old slot and day are free, the new ones taken', async () => {
    const [patientId, from, to] = [newId(), app.plan({ slots: 1 }), app.plan({ date: '2026-03-12' })];
    const { body } = await app.book(desk, patientId, from);
    const moved = await post(desk, `/${body.bookingId}/reschedule`, { sessionId: to, slot: 3 });
    expect(moved).toMatchObject({ status: 200, body: { bookingId: body.bookingId, sessionId: to, slot: 3, date: '2026-03-12' } });
    expect([app.region.holders(from), app.region.holders(to)[2]]).toEqual([[undefined], body.bookingId]);
    expect(await post(desk, `/${body.bookingId}/reschedule`, { sessionId: to, slot: 3 })).toEqual(moved);
    expect((await app.book(desk, patientId, app.plan({ date: '2026-03-12' }))).body).toMatchObject({ code: 'booking/day-limit', bookingIds: [body.bookingId] });
    expect((await app.book(desk, patientId, app.plan())).status).toBe(201);
  });

  it('leaves everything as it was when it is refused', async () => {
    const [patientId, from, full, priced] = [newId(), app.plan(), app.plan({ date: '2026-03-12', slots: 1 }), app.plan({ price: 100 })];
    const { body } = await app.book(desk, patientId, from);
    await app.book(desk, newId(), full);
    const codes = [full, priced, newId()].map(async (sessionId) => (await post(desk, `/${body.bookingId}/reschedule`, { sessionId })).body.code);
    expect(await Promise.all(codes)).toEqual(['inventory/sold-out', 'booking/other-price', 'booking/session-unknown']);
    expect(app.region.holders(from)[0]).toBe(body.bookingId);
    expect((await app.book(desk, patientId, app.plan({ date: '2026-03-12' }))).status).toBe(201);
  });

  it('lets one of two changes at once win, and keeps exactly one slot', async () => {
    for (let round = 0; round < 10; round++) {
      const sessions = [app.plan(), app.plan(), app.plan()];
      const { body } = await app.book(desk, newId(), sessions[0]!);
      const answers = await Promise.all([1, 2].map((i) => post(desk, `/${body.bookingId}/reschedule`, { sessionId: sessions[i] })));
      expect(answers.map(({ status }) => status).sort()).toContain(200);
      await app.caughtUp();
      const held = sessions.flatMap((id) => app.region.holders(id).flatMap((holder) => (holder === body.bookingId ? [id] : [])));
      expect(held).toEqual([(await get(desk, `/${body.bookingId}`)).body.sessionId]);
    }
  });

  it('comes back to a slot it left although the release of the first stay is still to come', async () => {
    const [a, b] = [app.plan({ slots: 1 }), app.plan()];
    const { body } = await app.book(desk, newId(), a);
    app.region.releaseFails = true;
    await post(desk, `/${body.bookingId}/reschedule`, { sessionId: b });
    app.region.releaseFails = false;
    expect((await post(desk, `/${body.bookingId}/reschedule`, { sessionId: a })).status).toBe(200);
    await app.caughtUp();
    expect([app.region.holders(a), app.region.holders(b).filter(Boolean)]).toEqual([[body.bookingId], []]);
  });
});

describe('reading', () => {
  it('shows a portal its own bookings only', async () => {
    const [mine, other] = ['portal-1', 'portal-2'].map((portalId) => actor('portal', portalId, { portalId }));
    const [patientId, sessionId] = [newId(), app.plan({ limit: 5 })];
    const { body } = await app.book(mine, patientId, sessionId);
    await app.book(other, patientId, sessionId);
    await app.caughtUp();
    expect((await get(other, `/${body.bookingId}`)).body).toMatchObject({ status: 404, code: 'booking/not-found' });
    expect((await get(mine, `?patient=${patientId}`)).body.items.map(({ bookingId }) => bookingId)).toEqual([body.bookingId]);
    expect((await post(other, `/${body.bookingId}/cancel`)).status).toBe(404);
    const limited = app.plan({ limit: 1 });
    const refusal = await app.book(other, patientId, limited);
    expect(refusal.body.code).toBe('booking/day-limit');
    expect(JSON.stringify(refusal.body)).not.toContain(body.bookingId);
  });

  it('lists a session page by page in order of the visit, for its hospital only', async () => {
    const sessionId = app.plan();
    for (let i = 0; i < 5; i++) await app.book(desk, newId(), sessionId);
    await app.caughtUp();
    const slots: number[] = [];
    for (let after = ''; ; ) {
      const { status, body } = await get(desk, `?session=${sessionId}&limit=2${after && `&after=${after}`}`);
      expect({ status, body }).toMatchObject({ status: 200 });
      slots.push(...(body.items as unknown as { slot: number }[]).map(({ slot }) => slot));
      if (body.next === null) break;
      after = body.next;
    }
    expect(slots).toEqual([1, 2, 3, 4, 5]);
    expect((await get(actor('registrar', 'x', { hospitalIds: [newId()] }), `?session=${sessionId}`)).status).toBe(403);
    expect((await get(asPatient(newId()), `?session=${sessionId}`)).status).toBe(403);
    expect((await get(desk, `?session=${sessionId}&after=bm9uc2Vuc2U`)).status).toBe(400);
    expect((await get(desk)).status).toBe(400);
  });
});
