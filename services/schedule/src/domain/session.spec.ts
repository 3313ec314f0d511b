import { specFor } from '@talon/testing';
import { liveSlots, sessionDecider, type SessionCommand, type SessionEvent } from './session';
import type { SessionPlan } from './session-plan';

const { given } = specFor(sessionDecider);
const plan: SessionPlan = {
  sessionId: 's1', hospitalId: 'h1', departmentId: 'd1', doctorId: 'o1', date: '2026-12-01', zone: 'UTC', startsAt: '2026-12-01T09:00:00.000Z',
  endsAt: '2026-12-01T10:00:00.000Z', slotMinutes: 15, slotCount: 4, price: null, opensAt: null, templateId: null, requestHash: 'r',
};
const planned: SessionEvent = { type: 'SessionPlanned', data: plan };
const ticketed = (slotCount: number): SessionEvent => ({ type: 'SessionPlanned', data: { ...plan, slotMinutes: null, slotCount } });
const BEFORE = '2026-12-01T09:59:59.999Z';
const OVER = '2026-12-01T10:00:00.000Z';
const ref = { sessionId: 's1', hospitalId: 'h1' };

type Add = Extract<SessionCommand, { type: 'AddSlots' }>['data'];
const time = (from: string, to: string) => ({ startsAt: `2026-12-01T${from}:00.000Z`, endsAt: `2026-12-01T${to}:00.000Z` });
const add = (change: Partial<Add>): SessionCommand => ({ type: 'AddSlots', data: { sessionId: 's1', commandId: 'c1', requestHash: 'a', reason: 'more people', now: BEFORE, ...change } });
const added = (slots: { number: number; startsAt: string; endsAt: string }[]): SessionEvent => ({
  type: 'SlotsAdded', data: { ...ref, commandId: 'c1', requestHash: 'a', slots, reason: 'more people' },
});
const record = (...numbers: number[]): SessionCommand => ({ type: 'RecordWithdrawal', data: { sessionId: 's1', numbers, reason: 'ill' } });
const withdrawn = (...numbers: number[]): SessionEvent => ({ type: 'SlotsWithdrawn', data: { ...ref, numbers, reason: 'ill' } });
const suspend = (now = BEFORE): SessionCommand => ({ type: 'SuspendSession', data: { sessionId: 's1', reason: 'ill', now } });
const resume = (now = BEFORE): SessionCommand => ({ type: 'ResumeSession', data: { sessionId: 's1', now } });
const suspended: SessionEvent = { type: 'SessionSuspended', data: { ...ref, reason: 'ill' } };
const resumed: SessionEvent = { type: 'SessionResumed', data: ref };

describe('planning', () => {
  it('begins the stream once', () => {
    given().when({ type: 'PlanSession', data: plan }).then(planned);
    given(planned).when({ type: 'PlanSession', data: plan }).then();
  });
  it('refuses the same id with another content', () =>
    given(planned).when({ type: 'PlanSession', data: { ...plan, requestHash: 'other' } }).thenRefused('schedule/key-reused'));
  it('comes before everything else', () => {
    for (const command of [add({}), record(1), suspend(), resume()]) given().when(command).thenRefused('schedule/session-not-found');
  });
});

describe('adding slots to a session from 09:00 to 10:00', () => {
  it('gives them the next numbers, also next to existing ones', () =>
    given(planned).when(add({ times: [time('09:00', '09:15'), time('09:45', '10:00')] })).then(
      added([{ number: 5, ...time('09:00', '09:15') }, { number: 6, ...time('09:45', '10:00') }]),
    ));
  it('never reuses the number of a withdrawn slot', () =>
    given(planned, withdrawn(4)).when(add({ times: [time('09:45', '10:00')] })).then(added([{ number: 5, ...time('09:45', '10:00') }])));
  it('keeps them within the session', () => {
    given(planned).when(add({ times: [time('08:59', '09:15')] })).thenRefused('schedule/times-invalid');
    given(planned).when(add({ times: [time('09:45', '10:01')] })).thenRefused('schedule/times-invalid');
    given(planned).when(add({ times: [time('09:15', '09:15')] })).thenRefused('schedule/times-invalid');
  });
  it('takes a count for tickets and times for timed slots, not the other way round', () => {
    given(ticketed(1)).when(add({ count: 1 })).then(added([{ number: 2, ...time('09:00', '10:00') }]));
    given(ticketed(1)).when(add({ times: [time('09:00', '10:00')] })).thenRefused('schedule/slots-invalid');
    given(planned).when(add({ count: 1 })).thenRefused('schedule/slots-invalid');
    given(planned).when(add({ times: [] })).thenRefused('schedule/slots-invalid');
  });
  it('stops at 2,000 slots ever', () => {
    given(ticketed(1_999), withdrawn(1)).when(add({ count: 1 })).then(added([{ number: 2_000, ...time('09:00', '10:00') }]));
    given(ticketed(1_999), withdrawn(1)).when(add({ count: 2 })).thenRefused('schedule/slots-invalid');
  });
  it('ends with the session', () => given(planned).when(add({ times: [time('09:00', '09:15')], now: OVER })).thenRefused('schedule/session-over'));
  it('has nothing to do for a repeat, and refuses its key with other slots', () => {
    const once = added([{ number: 5, ...time('09:00', '09:15') }]);
    given(planned, once).when(add({ times: [time('09:00', '09:15')] })).then();
    given(planned, once).when(add({ times: [time('09:00', '09:15')], requestHash: 'b' })).thenRefused('schedule/key-reused');
  });
});

describe('withdrawing', () => {
  it('records numbers once, in order', () => {
    given(planned).when(record(4, 2, 2)).then(withdrawn(2, 4));
    given(planned, withdrawn(2, 4)).when(record(2, 3)).then(withdrawn(3));
    given(planned, withdrawn(2, 4)).when(record(4)).then();
  });
  it('refuses a number the session never had', () => {
    given(planned).when(record(4)).then(withdrawn(4));
    given(planned).when(record(4, 5)).thenRefused('schedule/slots-unknown');
  });
  it('leaves the others', () => expect(liveSlots(given(planned).when(record(2, 4)).state()!).map(({ number }) => number)).toEqual([1, 3]));
});

describe('suspending', () => {
  it('happens once, and so does resuming', () => {
    given(planned).when(suspend()).then(suspended);
    given(planned, suspended).when(suspend()).then();
    given(planned, suspended).when(resume()).then(resumed);
    given(planned).when(resume()).then();
    given(planned, suspended, resumed).when(suspend()).then(suspended);
  });
  it('makes no sense once the session has ended', () => {
    given(planned).when(suspend(OVER)).thenRefused('schedule/session-over');
    given(planned, suspended).when(resume(OVER)).thenRefused('schedule/session-over');
  });
});
