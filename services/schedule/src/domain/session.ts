import { type Decider, type Event, eventCodec } from '@talon/event-sourcing';
import { fieldFault, scheduleError } from './errors';
import { plannedSlots, type SessionPlan, type Slot, SLOTS_MAX } from './session-plan';

type Ref = { sessionId: string; hospitalId: string };
type Repeatable = { commandId: string; requestHash: string };
export type SessionEvent =
  | Event<'SessionPlanned', SessionPlan>
  | Event<'SlotsAdded', Ref & Repeatable & { slots: Slot[]; reason: string }>
  | Event<'SlotsWithdrawn', Ref & { numbers: number[]; reason: string }>
  | Event<'SessionSuspended', Ref & { reason: string }>
  | Event<'SessionResumed', Ref>;

export const sessionCodec = eventCodec<SessionEvent>({
  SessionPlanned: 1, SlotsAdded: 1, SlotsWithdrawn: 1, SessionSuspended: 1, SessionResumed: 1,
});

export type SessionCommand =
  | { type: 'PlanSession'; data: SessionPlan }
  /** Timed slots by their instants; tickets as `count`. */
  | { type: 'AddSlots'; data: Repeatable & { sessionId: string; times?: { startsAt: string; endsAt: string }[]; count?: number; reason: string; now: string } }
  /** `numbers` are out of stock already: inventory said so before. */
  | { type: 'RecordWithdrawal'; data: { sessionId: string; numbers: number[]; reason: string } }
  | { type: 'SuspendSession'; data: { sessionId: string; reason: string; now: string } }
  | { type: 'ResumeSession'; data: { sessionId: string; now: string } };

export interface Session {
  plan: SessionPlan;
  /** Every slot ever added, in number order. */
  slots: readonly Slot[];
  withdrawn: ReadonlySet<number>;
  suspended: boolean;
  /** Numbers by command: what a repeat is answered with. */
  additions: ReadonlyMap<string, { requestHash: string; numbers: number[] }>;
}

export const sessionDecider: Decider<Session | null, SessionCommand, SessionEvent> = {
  initialState: null,
  decide({ type, data }, session) {
    if (type === 'PlanSession') {
      if (!session) return [{ type: 'SessionPlanned', data }];
      if (session.plan.requestHash !== data.requestHash) throw scheduleError('key-reused', 'The key planned another session');
      return [];
    }
    if (!session) throw scheduleError('session-not-found', `Session ${data.sessionId} does not exist`);
    const ref = { sessionId: session.plan.sessionId, hospitalId: session.plan.hospitalId };
    switch (type) {
      case 'AddSlots':
        return addSlots(session, ref, data);
      case 'RecordWithdrawal': {
        const numbers = withdrawable(session, data.numbers);
        return numbers.length === 0 ? [] : [{ type: 'SlotsWithdrawn', data: { ...ref, numbers, reason: data.reason } }];
      }
      case 'SuspendSession':
        refuseEnded(session, data.now);
        return session.suspended ? [] : [{ type: 'SessionSuspended', data: { ...ref, reason: data.reason } }];
      case 'ResumeSession':
        refuseEnded(session, data.now);
        return session.suspended ? [{ type: 'SessionResumed', data: ref }] : [];
    }
  },
  evolve(session, event) {
    if (event.type === 'SessionPlanned') {
      return { plan: event.data, slots: plannedSlots(event.data), withdrawn: new Set(), suspended: false, additions: new Map() };
    }
    if (!session) return session;
    switch (event.type) {
      case 'SlotsAdded': {
        const { slots, commandId, requestHash } = event.data;
        const addition = { requestHash, numbers: slots.map(({ number }) => number) };
        return { ...session, slots: [...session.slots, ...slots], additions: new Map(session.additions).set(commandId, addition) };
      }
      case 'SlotsWithdrawn':
        return { ...session, withdrawn: new Set([...session.withdrawn, ...event.data.numbers]) };
      case 'SessionSuspended':
        return { ...session, suspended: true };
      case 'SessionResumed':
        return { ...session, suspended: false };
    }
  },
};

/**
 * Which of these slots are still to be withdrawn; those that already are drop out.
 * @throws schedule/slots-unknown naming the first number the session never had
 */
export function withdrawable(session: Session, numbers: number[]): number[] {
  numbers.forEach((number, index) => {
    if (number > session.slots.length) throw fieldFault('slots-unknown', `numbers[${index}]`, `is ${number}; the session has ${session.slots.length}`);
  });
  return [...new Set(numbers)].filter((number) => !session.withdrawn.has(number)).sort((a, b) => a - b);
}

/** Slots that were not withdrawn, in number order. */
export const liveSlots = (session: Session): Slot[] => session.slots.filter(({ number }) => !session.withdrawn.has(number));

function refuseEnded(session: Session, now: string) {
  if (session.plan.endsAt <= now) throw scheduleError('session-over', `Session ${session.plan.sessionId} ended at ${session.plan.endsAt}`);
}

type AddSlots = Extract<SessionCommand, { type: 'AddSlots' }>['data'];

function addSlots(session: Session, ref: Ref, { commandId, requestHash, times, count, reason, now }: AddSlots): SessionEvent[] {
  const before = session.additions.get(commandId);
  if (before) {
    if (before.requestHash !== requestHash) throw scheduleError('key-reused', 'The key added other slots');
    return [];
  }
  const timed = session.plan.slotMinutes !== null;
  if (timed && (!times?.length || count !== undefined)) throw fieldFault('slots-invalid', 'slots', 'must list the times: this session has timed slots');
  if (!timed && (times !== undefined || !count || count < 1)) throw fieldFault('slots-invalid', 'count', 'must say how many: this session has tickets');
  const added = times ?? Array.from({ length: count ?? 0 }, () => ({ startsAt: session.plan.startsAt, endsAt: session.plan.endsAt }));
  if (session.slots.length + added.length > SLOTS_MAX) {
    throw fieldFault('slots-invalid', timed ? 'slots' : 'count', `would give the session more than ${SLOTS_MAX} slots`);
  }
  added.forEach(({ startsAt, endsAt }, index) => {
    if (endsAt <= startsAt) throw fieldFault('times-invalid', `slots[${index}].end`, 'must be after its start');
    if (startsAt < session.plan.startsAt) throw fieldFault('times-invalid', `slots[${index}].start`, 'is before the session');
    if (endsAt > session.plan.endsAt) throw fieldFault('times-invalid', `slots[${index}].end`, 'is after the session');
  });
  refuseEnded(session, now);
  const slots = added.map((slot, index) => ({ number: session.slots.length + index + 1, startsAt: slot.startsAt, endsAt: slot.endsAt }));
  return [{ type: 'SlotsAdded', data: { ...ref, commandId, requestHash, slots, reason } }];
}
