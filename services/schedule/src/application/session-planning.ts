import { Inject, Injectable } from '@nestjs/common';
import { type EventMetadata, WrongRevisionError } from '@talon/event-sourcing';
import { Clock, deriveId, type Money } from '@talon/kernel';
import { fieldFault, scheduleError } from '../domain/errors';
import type { Session } from '../domain/session';
import { planSession, type SessionPlan } from '../domain/session-plan';
import { instantOf, isDayEdge } from './local-time';
import { ScheduleStreams } from './schedule-streams';

/** Rounds of three attempts each, when other processes write the same doctor's agenda. */
const AGENDA_ROUNDS_MAX = 4;

export interface PlanRequest {
  sessionId: string;
  requestHash: string;
  doctorId: string;
  departmentId: string;
  date: string;
  /** Absent: the hospital's. */
  zone?: string;
  start: string;
  end: string;
  slotMinutes?: number;
  tickets?: number;
  price: Money | null;
  /** ISO-8601 UTC. */
  opensAt: string | null;
  templateId: string | null;
}

/**
 * Plans sessions in two steps: the doctor's time is reserved in the agenda (where overlaps meet), then the session begins its stream. A crash in
 * between leaves a reservation that carries the plan: a repeat, or the agenda reaction (`complete`), writes the session.
 */
@Injectable()
export class SessionPlanning {
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(private readonly streams: ScheduleStreams, @Inject(Clock) private readonly clock: Clock) {}

  /**
   * A repeat with the same id and hash answers with what was planned first.
   * @throws schedule/key-reused, reference-unknown, not-together, time-not-real, times-invalid, slots-invalid, opens-too-late, session-over,
   * doctor-busy
   */
  async plan(request: PlanRequest, metadata: EventMetadata): Promise<Session> {
    const [doctor, department, known] = await Promise.all([
      this.streams.doctor(request.doctorId), this.streams.department(request.departmentId), this.streams.session(request.sessionId),
    ]);
    if (known.state) {
      if (known.state.plan.requestHash !== request.requestHash) throw scheduleError('key-reused', 'The key planned another session');
      return known.state;
    }
    if (!doctor.state) throw fieldFault('reference-unknown', 'doctorId', 'names no doctor');
    if (!department.state) throw fieldFault('reference-unknown', 'departmentId', 'names no department');
    if (doctor.state.departmentId !== request.departmentId) throw fieldFault('not-together', 'departmentId', "is not the doctor's department");
    const { hospitalId } = doctor.state;
    const zone = request.zone ?? (await this.streams.hospital(hospitalId)).state?.zone ?? 'UTC';
    const plan = planSession({ ...request, hospitalId, zone, ...this.instants(zone, request) }, this.clock.now());
    const reserved = await this.reserve(plan, metadata);
    return this.complete(reserved, metadata);
  }

  /** Begins the session's stream unless it has begun. */
  async complete(plan: SessionPlan, metadata: EventMetadata): Promise<Session> {
    const commandId = deriveId('plan-session', plan.sessionId, plan.requestHash);
    const { state } = await this.streams.toSession(plan.sessionId, { type: 'PlanSession', data: plan }, { ...metadata, commandId });
    return state!;
  }

  private instants(zone: string, { date, start, end }: PlanRequest) {
    const from = instantOf(zone, date, start);
    if (!from.exists && !isDayEdge(start)) throw fieldFault('time-not-real', 'start', `is skipped by the clock of ${zone} on ${date}`);
    const to = instantOf(zone, date, end);
    if (!to.exists && !isDayEdge(end)) throw fieldFault('time-not-real', 'end', `is skipped by the clock of ${zone} on ${date}`);
    return { startsAt: from.instant, endsAt: to.instant };
  }

  /** @returns the plan the agenda holds: an earlier attempt's, where there was one */
  private reserve(plan: SessionPlan, metadata: EventMetadata): Promise<SessionPlan> {
    const commandId = deriveId('reserve-time', plan.sessionId, plan.requestHash);
    return this.inTurn(plan.doctorId, async () => {
      for (let round = 1; ; round++) {
        try {
          const { state } = await this.streams.toAgenda(plan.doctorId, { type: 'ReserveTime', data: plan }, { ...metadata, commandId });
          return state.find(({ sessionId }) => sessionId === plan.sessionId) ?? plan;
        } catch (error) {
          if (!(error instanceof WrongRevisionError) || round >= AGENDA_ROUNDS_MAX) throw error;
        }
      }
    });
  }

  /** One at a time per doctor in this process: without it, parallel requests for one doctor would burn their attempts on each other. */
  private async inTurn<T>(doctorId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.queues.get(doctorId) ?? Promise.resolve()).then(work, work);
    this.queues.set(doctorId, turn);
    try {
      return await turn;
    } finally {
      if (this.queues.get(doctorId) === turn) this.queues.delete(doctorId);
    }
  }
}
