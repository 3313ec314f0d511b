import type { Money } from '@talon/kernel';
import { fieldFault } from './errors';

/** Slots ever added to one session, withdrawn ones included. */
export const SLOTS_MAX = 2_000;
export const SLOT_MINUTES_MAX = 480;
export const SESSION_MS_MAX = 24 * 3_600_000;

/** Everything that is settled when a session is planned; none of it changes afterwards. */
export interface SessionPlan {
  sessionId: string;
  hospitalId: string;
  departmentId: string;
  doctorId: string;
  /** Local calendar day. */
  date: string;
  /** IANA. */
  zone: string;
  /** ISO-8601 UTC. */
  startsAt: string;
  endsAt: string;
  /** Length of a timed slot; null: `slotCount` tickets, all for the whole session. */
  slotMinutes: number | null;
  /** 1 to 2 000: slots 1 … n of the plan. */
  slotCount: number;
  price: Money | null;
  /** Nobody may book before; null: from the moment it is planned. */
  opensAt: string | null;
  /** The weekly template that planned it, null when somebody did. */
  templateId: string | null;
  requestHash: string;
}

export interface PlanInput extends Omit<SessionPlan, 'slotCount' | 'slotMinutes'> {
  slotMinutes?: number;
  tickets?: number;
}

/**
 * Checks times and sizes and counts the slots. A remainder that is too short for a slot is left out: 09:00 to 10:00 in slots of 25 minutes
 * makes two.
 * @param now ISO-8601 UTC
 * @throws schedule/times-invalid, slots-invalid, opens-too-late, session-over, in this order, naming the field
 */
export function planSession(input: PlanInput, now: string): SessionPlan {
  const { slotMinutes, tickets, ...rest } = input;
  const lengthMs = Date.parse(input.endsAt) - Date.parse(input.startsAt);
  if (lengthMs <= 0) throw fieldFault('times-invalid', 'end', 'must be after the start');
  if (lengthMs > SESSION_MS_MAX) throw fieldFault('times-invalid', 'end', 'makes the session longer than 24 hours');
  const slotCount = countSlots(lengthMs, slotMinutes, tickets);
  if (input.opensAt !== null && input.opensAt > input.startsAt) throw fieldFault('opens-too-late', 'opensAt', "must not be after the session's start");
  if (input.endsAt <= now) throw fieldFault('session-over', 'date', 'and end lie in the past');
  return { ...rest, slotMinutes: slotMinutes ?? null, slotCount };
}

function countSlots(lengthMs: number, slotMinutes?: number, tickets?: number): number {
  if (slotMinutes !== undefined && tickets !== undefined) throw fieldFault('slots-invalid', 'tickets', 'must not be given together with slotMinutes');
  if (tickets !== undefined) {
    if (!Number.isInteger(tickets) || tickets < 1 || tickets > SLOTS_MAX) throw fieldFault('slots-invalid', 'tickets', `must be 1 to ${SLOTS_MAX}`);
    return tickets;
  }
  if (slotMinutes === undefined) throw fieldFault('slots-invalid', 'slotMinutes', 'or tickets must be given');
  if (!Number.isInteger(slotMinutes) || slotMinutes < 1 || slotMinutes > SLOT_MINUTES_MAX) {
    throw fieldFault('slots-invalid', 'slotMinutes', `must be 1 to ${SLOT_MINUTES_MAX}`);
  }
  const count = Math.floor(lengthMs / (slotMinutes * 60_000));
  if (count < 1) throw fieldFault('slots-invalid', 'slotMinutes', 'is longer than the session');
  return count;
}

export interface Slot {
  /** 1, 2, 3 …; never given again. */
  number: number;
  startsAt: string;
  endsAt: string;
}

/** The slots of the plan, in number order: timed ones one after the other in elapsed time, tickets all for the whole session. */
export function plannedSlots(plan: SessionPlan): Slot[] {
  const startMs = Date.parse(plan.startsAt);
  const slotMs = (plan.slotMinutes ?? 0) * 60_000;
  return Array.from({ length: plan.slotCount }, (_, index) =>
    plan.slotMinutes === null
      ? { number: index + 1, startsAt: plan.startsAt, endsAt: plan.endsAt }
      : {
          number: index + 1,
          startsAt: new Date(startMs + index * slotMs).toISOString(),
          endsAt: new Date(startMs + (index + 1) * slotMs).toISOString(),
        },
  );
}
