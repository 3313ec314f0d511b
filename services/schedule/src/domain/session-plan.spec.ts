import { isDomainError } from '@talon/kernel';
import { plannedSlots, planSession, type PlanInput } from './session-plan';

const input: PlanInput = {
  sessionId: 's1', hospitalId: 'h1', departmentId: 'd1', doctorId: 'o1', date: '2026-12-01', zone: 'Europe/Madrid',
  startsAt: '2026-12-01T08:00:00.000Z', endsAt: '2026-12-01T11:00:00.000Z', price: null, opensAt: null, templateId: null, requestHash: 'r', slotMinutes: 15,
};
const NOW = '2026-11-01T00:00:00.000Z';
const timed = (change: Partial<PlanInput>, now = NOW) => planSession({ ...input, ...change }, now);
const tickets = (count: number) => timed({ slotMinutes: undefined, tickets: count });

function refusal(plan: () => unknown) {
  try {
    plan();
  } catch (error) {
    if (isDomainError(error)) return [error.code, error.extra.fields?.[0]?.field];
    throw error;
  }
  return 'planned';
}

describe('a session from 09:00 to 12:00', () => {
  it('has twelve slots of 15 minutes, one after the other', () => {
    const slots = plannedSlots(timed({}));
    expect(slots).toHaveLength(12);
    expect(slots[0]).toEqual({ number: 1, startsAt: '2026-12-01T08:00:00.000Z', endsAt: '2026-12-01T08:15:00.000Z' });
    expect(slots[11]).toEqual({ number: 12, startsAt: '2026-12-01T10:45:00.000Z', endsAt: '2026-12-01T11:00:00.000Z' });
  });
  it('leaves out a remainder that is too short for a slot', () => expect(timed({ slotMinutes: 50 }).slotCount).toBe(3));
  it('takes slots as long as itself, none longer', () => {
    expect(timed({ slotMinutes: 180 }).slotCount).toBe(1);
    expect(refusal(() => timed({ slotMinutes: 181 }))).toEqual(['schedule/slots-invalid', 'slotMinutes']);
  });
  it('gives every ticket the whole time', () =>
    expect(plannedSlots(tickets(2))).toEqual([1, 2].map((number) => ({ number, startsAt: input.startsAt, endsAt: input.endsAt }))));
});

describe('sizes', () => {
  it('tickets: 1 to 2,000', () => {
    expect(tickets(1).slotCount).toBe(1);
    expect(tickets(2_000).slotCount).toBe(2_000);
    expect(refusal(() => tickets(0))).toEqual(['schedule/slots-invalid', 'tickets']);
    expect(refusal(() => tickets(2_001))).toEqual(['schedule/slots-invalid', 'tickets']);
  });
  it('slots: 1 to 480 minutes', () => {
    const day = { endsAt: '2026-12-02T08:00:00.000Z' };
    expect(timed({ ...day, slotMinutes: 480 }).slotCount).toBe(3);
    expect(refusal(() => timed({ ...day, slotMinutes: 481 }))).toEqual(['schedule/slots-invalid', 'slotMinutes']);
    expect(timed({ ...day, slotMinutes: 1 }).slotCount).toBe(1_440);
    expect(refusal(() => timed({ slotMinutes: 0 }))).toEqual(['schedule/slots-invalid', 'slotMinutes']);
  });
  it('either slots or tickets', () => {
    expect(refusal(() => timed({ tickets: 5 }))).toEqual(['schedule/slots-invalid', 'tickets']);
    expect(refusal(() => timed({ slotMinutes: undefined }))).toEqual(['schedule/slots-invalid', 'slotMinutes']);
  });
  it('at most 24 hours', () => {
    expect(timed({ endsAt: '2026-12-02T08:00:00.000Z' }).slotCount).toBe(96);
    expect(refusal(() => timed({ endsAt: '2026-12-02T08:00:00.001Z' }))).toEqual(['schedule/times-invalid', 'end']);
  });
  it('the end lies after the start', () => {
    expect(refusal(() => timed({ endsAt: input.startsAt }))).toEqual(['schedule/times-invalid', 'end']);
    expect(refusal(() => timed({ endsAt: '2026-12-01T07:00:00.000Z' }))).toEqual(['schedule/times-invalid', 'end']);
  });
});

describe('when it is planned', () => {
  it('opens for booking at the latest at its start', () => {
    expect(timed({ opensAt: '2026-12-01T08:00:00.000Z' }).opensAt).toBe('2026-12-01T08:00:00.000Z');
    expect(refusal(() => timed({ opensAt: '2026-12-01T08:00:00.001Z' }))).toEqual(['schedule/opens-too-late', 'opensAt']);
  });
  it('may have begun, must not have ended', () => {
    expect(timed({}, '2026-12-01T10:59:59.999Z').slotCount).toBe(12);
    expect(refusal(() => timed({}, '2026-12-01T11:00:00.000Z'))).toEqual(['schedule/session-over', 'date']);
  });
  it('faults come in the order of errors.ts', () => {
    const late = '2027-01-01T00:00:00.000Z';
    expect(refusal(() => timed({ endsAt: input.startsAt, slotMinutes: 0 }, late))).toEqual(['schedule/times-invalid', 'end']);
    expect(refusal(() => timed({ slotMinutes: 0, opensAt: late }, late))).toEqual(['schedule/slots-invalid', 'slotMinutes']);
    expect(refusal(() => timed({ opensAt: late }, late))).toEqual(['schedule/opens-too-late', 'opensAt']);
  });
});
