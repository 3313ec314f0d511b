import { specFor } from '@talon/testing';
import { agendaDecider, type AgendaEvent } from './agenda';
import type { SessionPlan } from './session-plan';

const { given } = specFor(agendaDecider);
const plan = (sessionId: string, from: string, to: string, requestHash = `hash-${sessionId}`): SessionPlan => ({
  sessionId, requestHash, hospitalId: 'h1', departmentId: 'd1', doctorId: 'o1', date: '2026-12-01', zone: 'UTC',
  startsAt: `2026-12-01T${from}:00.000Z`, endsAt: `2026-12-01T${to}:00.000Z`, slotMinutes: 15, slotCount: 4, price: null, opensAt: null, templateId: null,
});
const reserved = (data: SessionPlan): AgendaEvent => ({ type: 'TimeReserved', data });
const reserve = (data: SessionPlan) => ({ type: 'ReserveTime', data }) as const;

describe("a doctor's agenda with a session from 09:00 to 12:00", () => {
  const morning = reserved(plan('s1', '09:00', '12:00'));
  it('takes a session that begins when it ends', () =>
    given(morning).when(reserve(plan('s2', '12:00', '13:00'))).then(reserved(plan('s2', '12:00', '13:00'))));
  it('takes a session that ends when it begins', () =>
    given(morning).when(reserve(plan('s2', '08:00', '09:00'))).then(reserved(plan('s2', '08:00', '09:00'))));
  it('refuses one that begins a minute before its end', () =>
    given(morning).when(reserve(plan('s2', '11:59', '13:00'))).thenRefused('schedule/doctor-busy'));
  it('refuses one that ends a minute after its start', () =>
    given(morning).when(reserve(plan('s2', '08:00', '09:01'))).thenRefused('schedule/doctor-busy'));
  it('refuses one within it and one around it', () => {
    given(morning).when(reserve(plan('s2', '10:00', '11:00'))).thenRefused('schedule/doctor-busy');
    given(morning).when(reserve(plan('s2', '08:00', '13:00'))).thenRefused('schedule/doctor-busy');
  });
  it('has nothing to do for the same session again', () => given(morning).when(reserve(plan('s1', '09:00', '12:00'))).then());
  it('refuses the same id with another content, before it looks at the time', () =>
    given(morning).when(reserve(plan('s1', '09:30', '12:00', 'other'))).thenRefused('schedule/key-reused'));
  it('names the session in the way', () => {
    expect(() => agendaDecider.decide(reserve(plan('s2', '10:00', '11:00')), [plan('s1', '09:00', '12:00')])).toThrow(
      expect.objectContaining({ extra: { fields: [{ field: 'start', message: expect.stringContaining('s1') }], data: { otherSessionId: 's1' } } }),
    );
  });
});
