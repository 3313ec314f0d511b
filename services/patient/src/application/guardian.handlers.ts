import { Inject } from '@nestjs/common';
import { Command, CommandHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { type Actor, Clock, commonError, newId } from '@talon/kernel';
import { mayAct } from '../domain/access';
import { type Grant, holds } from '../domain/decider';
import { patientError } from '../domain/errors';
import type { GuardianScope } from '../domain/events';
import { readFor } from './patient.handlers';
import { PatientLog } from './patient-log';
import { Dependants, type Dependant } from './ports';

export type Guardian = { guardianId: string } & Grant;

/** Gives a patient the right to act for another. A repeat changes nothing; other scope or end replaces the first grant. */
export class AddGuardian extends Command<Guardian> {
  constructor(
    readonly actor: Actor,
    readonly patientId: string,
    readonly guardian: Guardian,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

/** Ends a grant at once; a repeat or an unknown guardian is fine. A guardian may always give up their own. */
export class RevokeGuardian extends Command<void> {
  constructor(
    readonly actor: Actor,
    readonly patientId: string,
    readonly guardianId: string,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

/** Grants that hold now. */
export class ListGuardians extends Query<Guardian[]> {
  constructor(readonly actor: Actor, readonly patientId: string) {
    super();
  }
}

/** Whom the caller may act for. */
export class ListDependants extends Query<Dependant[]> {
  constructor(readonly actor: Actor, readonly limit: number, readonly after?: string) {
    super();
  }
}

/** Whether somebody may act for a patient; for other services. */
export class MayAct extends Query<boolean> {
  constructor(readonly guardianId: string, readonly patientId: string, readonly scope: GuardianScope) {
    super();
  }
}

/** Whether these can be booked for; for other services. Unknown and malformed ids are `unknown`. */
export class PatientStandings extends Query<Record<string, 'active' | 'erased' | 'unknown'>> {
  constructor(readonly patientIds: string[]) {
    super();
  }
}

@CommandHandler(AddGuardian)
export class AddGuardianHandler {
  constructor(@Inject(PatientLog) private readonly log: PatientLog, @Inject(Clock) private readonly clock: Clock) {}

  async execute({ actor, patientId, guardian, metadata }: AddGuardian): Promise<Guardian> {
    await readFor(this.log, this.clock.now(), actor, 'guardians', patientId);
    const other = await this.log.read(guardian.guardianId);
    if (other.status !== 'active') throw patientError('guardian-unknown', `Patient ${guardian.guardianId} is not registered`);
    const data = { patientId, ...guardian, now: this.clock.now() };
    await this.log.handle(patientId, { type: 'AddGuardian', data }, { ...metadata, commandId: newId() });
    return guardian;
  }
}

@CommandHandler(RevokeGuardian)
export class RevokeGuardianHandler {
  constructor(@Inject(PatientLog) private readonly log: PatientLog, @Inject(Clock) private readonly clock: Clock) {}

  async execute({ actor, patientId, guardianId, metadata }: RevokeGuardian): Promise<void> {
    const givesUp = actor.roles.includes('patient') && actor.patientId === guardianId;
    if (!givesUp) await readFor(this.log, this.clock.now(), actor, 'guardians', patientId);
    await this.log.handle(patientId, { type: 'RevokeGuardian', data: { patientId, guardianId } }, { ...metadata, commandId: newId() });
  }
}

@QueryHandler(ListGuardians)
export class ListGuardiansHandler {
  constructor(@Inject(PatientLog) private readonly log: PatientLog, @Inject(Clock) private readonly clock: Clock) {}

  async execute({ actor, patientId }: ListGuardians): Promise<Guardian[]> {
    const patient = await readFor(this.log, this.clock.now(), actor, 'guardians', patientId);
    if (patient.status !== 'active') throw patientError('erased', `Patient ${patientId} was erased`);
    const now = this.clock.now();
    const guardians = Object.entries(patient.guardians).map(([guardianId, grant]) => ({ guardianId, ...grant }));
    return guardians.filter((guardian) => holds(guardian, now)).sort((a, b) => (a.guardianId < b.guardianId ? -1 : 1));
  }
}

@QueryHandler(ListDependants)
export class ListDependantsHandler {
  constructor(@Inject(Dependants) private readonly dependants: Dependants, @Inject(Clock) private readonly clock: Clock) {}

  async execute({ actor, limit, after }: ListDependants): Promise<Dependant[]> {
    if (actor.patientId === undefined) throw commonError('forbidden', 'The token names no patient');
    return this.dependants.of(actor.patientId, { now: this.clock.now(), limit, after });
  }
}

@QueryHandler(MayAct)
export class MayActHandler {
  constructor(@Inject(PatientLog) private readonly log: PatientLog, @Inject(Clock) private readonly clock: Clock) {}

  async execute({ guardianId, patientId, scope }: MayAct): Promise<boolean> {
    if (guardianId === patientId) return true;
    const [guardian, patient] = await Promise.all([this.log.read(guardianId), this.log.read(patientId)]);
    return guardian.status === 'active' && mayAct(patient, guardianId, scope, this.clock.now());
  }
}

@QueryHandler(PatientStandings)
export class PatientStandingsHandler {
  constructor(@Inject(PatientLog) private readonly log: PatientLog) {}

  async execute({ patientIds }: PatientStandings) {
    const standings = patientIds.map(async (id) => {
      const { status } = await this.log.read(id);
      return [id, status === 'none' ? 'unknown' : status] as const;
    });
    return Object.fromEntries(await Promise.all(standings));
  }
}
