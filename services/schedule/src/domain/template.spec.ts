import { specFor } from '@talon/testing';
import { templateDecider, type TemplateEntry, type TemplateEvent, type TemplateRules } from './template';

const { given } = specFor(templateDecider);
const tuesday: TemplateEntry = { weekday: 2, start: '09:00', end: '12:00', slotMinutes: 15, price: null };
const rules: TemplateRules = {
  zone: 'Europe/Madrid', entries: [tuesday], validFrom: '2026-12-01', validTo: null, exceptions: [], planDaysAhead: 28, opens: null,
};
const ref = { templateId: 't1', hospitalId: 'h1', departmentId: 'd1', doctorId: 'o1' };
const created: TemplateEvent = { type: 'TemplateCreated', data: { ...ref, ...rules, requestHash: 'r' } };
const ended: TemplateEvent = { type: 'TemplateEnded', data: ref };
const create = (change: Partial<TemplateRules>) => ({ type: 'CreateTemplate', data: { ...ref, ...rules, requestHash: 'r', ...change } }) as const;
const change = (data: Partial<TemplateRules>) => ({ type: 'ChangeTemplate', data: { templateId: 't1', ...data } }) as const;
const with_ = (entry: Partial<TemplateEntry>) => create({ entries: [{ ...tuesday, ...entry }] });

describe('a weekly template', () => {
  it('is created once per key', () => {
    given().when(create({})).then(created);
    given(created).when(create({})).then();
    given(created).when({ ...create({}), data: { ...create({}).data, requestHash: 'other' } }).thenRefused('schedule/key-reused');
  });
  it('records a change with every rule, and nothing for equal values', () => {
    given(created).when(change({ planDaysAhead: 14 })).then({ type: 'TemplateChanged', data: { ...ref, ...rules, planDaysAhead: 14 } });
    given(created).when(change({ entries: [{ ...tuesday }] })).then();
    given(created).when(change({ validTo: undefined })).then();
  });
  it('ends once, and cannot be changed then', () => {
    given(created).when({ type: 'EndTemplate', data: { templateId: 't1' } }).then(ended);
    given(created, ended).when({ type: 'EndTemplate', data: { templateId: 't1' } }).then();
    given(created, ended).when(change({ planDaysAhead: 14 })).thenRefused('schedule/template-ended');
    given().when(change({})).thenRefused('schedule/template-not-found');
  });
  it('records a session that could not be planned once', () => {
    const skip = { date: '2026-12-08', entry: 0, code: 'schedule/doctor-busy', detail: 'busy' };
    const skipped: TemplateEvent = { type: 'SessionSkipped', data: { ...ref, ...skip } };
    given(created).when({ type: 'SkipSession', data: { templateId: 't1', ...skip } }).then(skipped);
    given(created, skipped).when({ type: 'SkipSession', data: { templateId: 't1', ...skip } }).then();
  });
});

describe('what a template refuses', () => {
  it('an end before the beginning', () => {
    given().when(create({ validTo: '2026-12-01' })).then({ ...created, data: { ...ref, ...rules, requestHash: 'r', validTo: '2026-12-01' } });
    given().when(create({ validTo: '2026-11-30' })).thenRefused('schedule/times-invalid');
  });
  it('entries that overlap on one weekday', () => {
    const after = { ...tuesday, start: '12:00', end: '24:00' };
    given().when(create({ entries: [tuesday, after] })).then({ ...created, data: { ...ref, ...rules, requestHash: 'r', entries: [tuesday, after] } });
    given().when(create({ entries: [tuesday, { ...after, start: '11:59' }] })).thenRefused('schedule/times-invalid');
  });
  it('entries that end when they begin', () => given().when(with_({ end: '09:00' })).thenRefused('schedule/times-invalid'));
  it('slots longer than the entry, or both slots and tickets, or neither', () => {
    given().when(with_({ slotMinutes: 181 })).thenRefused('schedule/slots-invalid');
    given().when(with_({ tickets: 5 })).thenRefused('schedule/slots-invalid');
    given().when(with_({ slotMinutes: undefined })).thenRefused('schedule/slots-invalid');
    given().when(with_({ slotMinutes: undefined, tickets: 2_001 })).thenRefused('schedule/slots-invalid');
  });
  it('an opening after the start on the same day', () => {
    const at = (daysBefore: number, time: string) => create({ opens: { daysBefore, time } });
    given().when(at(0, '09:01')).thenRefused('schedule/opens-too-late');
    given().when(at(0, '09:00')).then({ ...created, data: { ...at(0, '09:00').data } });
    given().when(at(1, '23:00')).then({ ...created, data: { ...at(1, '23:00').data } });
  });
});
