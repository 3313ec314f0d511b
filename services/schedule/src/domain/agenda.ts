import { type Decider, type Event, eventCodec } from '@talon/event-sourcing';
import { fieldFault, scheduleError } from './errors';
import type { SessionPlan } from './session-plan';

/**
 * The doctor's time is taken for a session that is about to be planned. Carries the whole plan: whoever finds a reservation without its
 * session (a crash in between) can finish it.
 */
export type AgendaEvent = Event<'TimeReserved', SessionPlan>;

export const agendaCodec = eventCodec<AgendaEvent>({ TimeReserved: 1 });

export type AgendaCommand = { type: 'ReserveTime'; data: SessionPlan };

/** Reservations in the order they were made; they never overlap. */
export type Agenda = readonly SessionPlan[];

export const agendaDecider: Decider<Agenda, AgendaCommand, AgendaEvent> = {
  initialState: [],
  decide({ data }, agenda) {
    for (const taken of agenda) {
      if (taken.sessionId !== data.sessionId) continue;
      if (taken.requestHash !== data.requestHash) throw scheduleError('key-reused', 'The key planned another session');
      return [];
    }
    const other = agenda.find((taken) => taken.startsAt < data.endsAt && data.startsAt < taken.endsAt);
    if (other) {
      const message = `overlaps session ${other.sessionId} of the same doctor (${other.startsAt} to ${other.endsAt})`;
      throw fieldFault('doctor-busy', 'start', message, { otherSessionId: other.sessionId });
    }
    return [{ type: 'TimeReserved', data }];
  },
  evolve: (agenda, event) => [...agenda, event.data],
};
