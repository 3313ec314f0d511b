import type { Money } from '@talon/kernel';
import { publicEvent } from './public-event';

/** What never changes about a session, plus its hospital's booking limit (may be up to 2 s old). */
export interface SessionFacts {
  sessionId: string;
  hospitalId: string;
  departmentId: string;
  doctorId: string;
  /** Local calendar day of the visit, YYYY-MM-DD: the appointment day that limits count by. */
  date: string;
  /** IANA zone, e.g. Europe/Moscow. */
  zone: string;
  /** ISO-8601 UTC. */
  startsAt: string;
  endsAt: string;
  /** null: nothing to pay, a booking is confirmed at once. */
  price: Money | null;
  /** At most so many active bookings per patient and appointment day, counted over all hospitals. 1 to 100. */
  bookingsPerPatientDayMax: number;
  /** How long an unpaid booking keeps its slot, milliseconds. */
  holdTtlMs: number;
}

export interface SlotSupply {
  /** 1, 2, 3 …; never used again after a withdrawal. */
  number: number;
  startsAt: string;
  endsAt: string;
  /** Taking is refused from this instant on: the slot's start for timed slots, the session's end for tickets. */
  bookableUntil: string;
}

/** The supply of one session as the log says now (strongly consistent). */
export interface SessionSupply {
  sessionId: string;
  hospitalId: string;
  /** Revision of the session's stream this was folded from: later wins. */
  revision: number;
  suspended: boolean;
  /** Nobody may take a slot before; null: open since it was planned. */
  opensAt: string | null;
  endsAt: string;
  /** Every slot ever added, in number order, withdrawn ones left out. */
  slots: SlotSupply[];
}

export interface ScheduleCalls {
  /** null: no such session. */
  'schedule.session': { request: { sessionId: string }; reply: SessionFacts | null };
  'schedule.supply': { request: { sessionId: string }; reply: SessionSupply | null };
}

const session = { sessionId: 'id', hospitalId: 'id', departmentId: 'id', doctorId: 'id' } as const;

export const scheduleEvents = {
  hospitalAdded: publicEvent('schedule.hospital-added', 1, 'A hospital joined the region.', { hospitalId: 'id', name: 'text' }),
  hospitalChanged: publicEvent('schedule.hospital-changed', 1, 'A hospital changed its name, zone or booking limits.', { hospitalId: 'id', name: 'text' }),
  departmentAdded: publicEvent('schedule.department-added', 1, 'A hospital opened a department.', { hospitalId: 'id', departmentId: 'id', name: 'text' }),
  doctorAdded: publicEvent('schedule.doctor-added', 1, 'A doctor joined a department.', { hospitalId: 'id', departmentId: 'id', doctorId: 'id', name: 'text' }),
  sessionPlanned: publicEvent('schedule.session-planned', 1, "A doctor's session was planned; its slots can be booked from `opensAt` on (at once when absent).", {
    ...session, date: 'date', zone: 'text', startsAt: 'instant', endsAt: 'instant', slotCount: 'count', opensAt: 'instant?', price: 'money?',
  }),
  slotsAdded: publicEvent('schedule.slots-added', 1, 'Slots were added to a session by hand.', { sessionId: 'id', hospitalId: 'id', numbers: 'counts', reason: 'text' }),
  slotsWithdrawn: publicEvent('schedule.slots-withdrawn', 1, 'Free slots were taken out of a session by hand.', { sessionId: 'id', hospitalId: 'id', numbers: 'counts', reason: 'text' }),
  sessionSuspended: publicEvent('schedule.session-suspended', 1, 'No new bookings for this session until it is resumed; existing ones stay.', { sessionId: 'id', hospitalId: 'id', reason: 'text' }),
  sessionResumed: publicEvent('schedule.session-resumed', 1, 'A suspended session can be booked again.', { sessionId: 'id', hospitalId: 'id' }),
};
