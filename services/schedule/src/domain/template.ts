import type { Money } from '@talon/kernel';
import { type Decider, type Event, eventCodec } from '@talon/event-sourcing';
import { fieldFault, scheduleError } from './errors';
import { SLOT_MINUTES_MAX, SLOTS_MAX } from './session-plan';

export const TEMPLATE_ENTRIES_MAX = 50;
export const EXCEPTIONS_MAX = 1_000;

/** One session a week. */
export interface TemplateEntry {
  /** ISO: 1 Monday … 7 Sunday. */
  weekday: number;
  /** Local HH:MM; `end` may be 24:00. */
  start: string;
  end: string;
  slotMinutes?: number;
  tickets?: number;
  price: Money | null;
}

export interface TemplateRules {
  /** IANA. */
  zone: string;
  /** Order matters: the planned session's id derives from the entry's index. */
  entries: TemplateEntry[];
  /** First and last local day, both included; null: without end. */
  validFrom: string;
  validTo: string | null;
  /** Local days without sessions. */
  exceptions: string[];
  /** 1 to 90. */
  planDaysAhead: number;
  /** Booking opens so many days before at that local time; null: as soon as it is planned. */
  opens: { daysBefore: number; time: string } | null;
}

type Ref = { templateId: string; hospitalId: string; departmentId: string; doctorId: string };
export type TemplateEvent =
  | Event<'TemplateCreated', Ref & TemplateRules & { requestHash: string }>
  /** Carries every rule, changed or not. */
  | Event<'TemplateChanged', Ref & TemplateRules>
  | Event<'TemplateEnded', Ref>
  /** One session could not be planned and will not be tried again. `code` is the refusal, e.g. schedule/doctor-busy. */
  | Event<'SessionSkipped', Ref & { date: string; entry: number; code: string; detail: string }>;

export const templateCodec = eventCodec<TemplateEvent>({ TemplateCreated: 1, TemplateChanged: 1, TemplateEnded: 1, SessionSkipped: 1 });

export type TemplateCommand =
  | { type: 'CreateTemplate'; data: Ref & TemplateRules & { requestHash: string } }
  | { type: 'ChangeTemplate'; data: { templateId: string } & Partial<TemplateRules> }
  | { type: 'EndTemplate'; data: { templateId: string } }
  | { type: 'SkipSession'; data: { templateId: string; date: string; entry: number; code: string; detail: string } };

export interface Template extends Ref, TemplateRules {
  requestHash: string;
  ended: boolean;
  /** In the order they were recorded. */
  skipped: readonly { date: string; entry: number; code: string; detail: string }[];
}

export const templateDecider: Decider<Template | null, TemplateCommand, TemplateEvent> = {
  initialState: null,
  decide({ type, data }, template) {
    if (type === 'CreateTemplate') {
      if (template) {
        if (template.requestHash !== data.requestHash) throw scheduleError('key-reused', 'The key created another template');
        return [];
      }
      checkRules(data);
      return [{ type: 'TemplateCreated', data }];
    }
    if (!template) throw scheduleError('template-not-found', `Template ${data.templateId} does not exist`);
    const { templateId, hospitalId, departmentId, doctorId } = template;
    const ref = { templateId, hospitalId, departmentId, doctorId };
    if (type === 'EndTemplate') return template.ended ? [] : [{ type: 'TemplateEnded', data: ref }];
    if (type === 'SkipSession') {
      const { date, entry, code, detail } = data;
      const known = template.skipped.some((skip) => skip.date === date && skip.entry === entry);
      return known || template.ended ? [] : [{ type: 'SessionSkipped', data: { ...ref, date, entry, code, detail } }];
    }
    if (template.ended) throw scheduleError('template-ended', `Template ${templateId} has ended`);
    const before = rulesOf(template);
    const after = { ...before, ...Object.fromEntries(Object.entries(data).filter(([key, value]) => key in before && value !== undefined)) };
    checkRules(after);
    return JSON.stringify(after) === JSON.stringify(before) ? [] : [{ type: 'TemplateChanged', data: { ...ref, ...after } }];
  },
  evolve(template, event) {
    if (event.type === 'TemplateCreated') return { ...event.data, ended: false, skipped: [] };
    if (!template) return template;
    switch (event.type) {
      case 'TemplateChanged':
        return { ...template, ...event.data };
      case 'TemplateEnded':
        return { ...template, ended: true };
      case 'SessionSkipped': {
        const { date, entry, code, detail } = event.data;
        return { ...template, skipped: [...template.skipped, { date, entry, code, detail }] };
      }
    }
  },
};

const rulesOf = (t: TemplateRules): TemplateRules => ({
  zone: t.zone, entries: t.entries, validFrom: t.validFrom, validTo: t.validTo, exceptions: t.exceptions,
  planDaysAhead: t.planDaysAhead, opens: t.opens,
});

/** Faults that hold on every day. What depends on the day (another session, the clock's change) is recorded as skipped when it comes. */
function checkRules({ entries, validFrom, validTo, opens }: TemplateRules) {
  if (validTo !== null && validTo < validFrom) throw fieldFault('times-invalid', 'validTo', 'must not be before validFrom');
  entries.forEach((entry, index) => {
    const field = (name: string) => `entries[${index}].${name}`;
    if (entry.end <= entry.start) throw fieldFault('times-invalid', field('end'), 'must be after the start');
    checkSlots(entry, field);
    const clash = entries.findIndex((other, at) => at < index && other.weekday === entry.weekday && other.start < entry.end && entry.start < other.end);
    if (clash >= 0) throw fieldFault('times-invalid', field('start'), `overlaps entries[${clash}]`);
    if (opens?.daysBefore === 0 && opens.time > entry.start) throw fieldFault('opens-too-late', 'opens.time', `is after ${field('start')} of the same day`);
  });
}

function checkSlots({ slotMinutes, tickets, start, end }: TemplateEntry, field: (name: string) => string) {
  if (slotMinutes !== undefined && tickets !== undefined) throw fieldFault('slots-invalid', field('tickets'), 'must not be given together with slotMinutes');
  if (tickets !== undefined) {
    if (tickets < 1 || tickets > SLOTS_MAX) throw fieldFault('slots-invalid', field('tickets'), `must be 1 to ${SLOTS_MAX}`);
    return;
  }
  if (slotMinutes === undefined) throw fieldFault('slots-invalid', field('slotMinutes'), 'or tickets must be given');
  if (slotMinutes < 1 || slotMinutes > SLOT_MINUTES_MAX) throw fieldFault('slots-invalid', field('slotMinutes'), `must be 1 to ${SLOT_MINUTES_MAX}`);
  if (minutesOf(end) - minutesOf(start) < slotMinutes) throw fieldFault('slots-invalid', field('slotMinutes'), 'is longer than the session');
}

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
