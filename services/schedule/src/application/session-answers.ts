import { Injectable } from '@nestjs/common';
import type { SessionFacts, SessionSupply } from '@talon/contracts';
import { HOLD_MINUTES_DEFAULT, type HospitalSettings } from '../domain/hospital';
import { liveSlots, type Session } from '../domain/session';
import type { SessionPlan } from '../domain/session-plan';
import { ScheduleStreams } from './schedule-streams';

const PLANS_MAX = 20_000;
const LIMITS_MAX = 2_000;
/** Hospital limits in answers are at most so old, by the machine's own clock: a rehearsal's clock may stand still. */
const LIMITS_TTL_MS = 2_000;

/** What other services ask: `schedule.session` and `schedule.supply`. Both are folded from streams. */
@Injectable()
export class SessionAnswers {
  private readonly plans = new Map<string, SessionPlan>();
  private readonly limits = new Map<string, { settings: HospitalSettings | null; until: number }>();

  constructor(private readonly streams: ScheduleStreams) {}

  /** null: no such session. The plan is immutable and remembered, the hospital's limits for two seconds. */
  async facts(sessionId: string): Promise<SessionFacts | null> {
    const plan = this.plans.get(sessionId) ?? (await this.streams.session(sessionId)).state?.plan;
    if (!plan) return null;
    remember(this.plans, sessionId, plan, PLANS_MAX);
    const settings = await this.limitsOf(plan.hospitalId);
    const { hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, price } = plan;
    return {
      sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, price,
      bookingsPerPatientDayMax: settings?.bookingsPerPatientDayMax ?? 1,
      holdTtlMs: (settings?.holdMinutes ?? HOLD_MINUTES_DEFAULT) * 60_000,
    };
  }

  /** null: no such session. Always read from the log. */
  async supply(sessionId: string): Promise<SessionSupply | null> {
    const { state, revision } = await this.streams.session(sessionId);
    return state && supplyOf(state, revision);
  }

  private async limitsOf(hospitalId: string): Promise<HospitalSettings | null> {
    const known = this.limits.get(hospitalId);
    if (known && known.until > performance.now()) return known.settings;
    const until = performance.now() + LIMITS_TTL_MS;
    const { state } = await this.streams.hospital(hospitalId);
    remember(this.limits, hospitalId, { settings: state, until }, LIMITS_MAX);
    return state;
  }
}

/** A timed slot can be taken until it starts, a ticket until the session ends. */
export function supplyOf(session: Session, revision: number): SessionSupply {
  const { sessionId, hospitalId, opensAt, endsAt, slotMinutes } = session.plan;
  return {
    sessionId, hospitalId, revision, suspended: session.suspended, opensAt, endsAt,
    slots: liveSlots(session).map((slot) => ({ ...slot, bookableUntil: slotMinutes === null ? endsAt : slot.startsAt })),
  };
}

/** Keeps the newest `max` entries. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, max: number) {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value!);
}
