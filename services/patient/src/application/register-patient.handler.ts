import { Inject } from '@nestjs/common';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { type Actor, Clock, deriveId } from '@talon/kernel';
import { isStaff, registrant } from '../domain/access';
import { patientError } from '../domain/errors';
import { type Person, assertBirthDate } from '../domain/person';
import { PatientLog } from './patient-log';
import { Vault } from './ports';

export interface Registered {
  patientId: string;
  /** The caller, when they registered a dependant. */
  guardianId: string | null;
}

/** Registers the caller, a dependant of the caller, or, by staff and portals, somebody else. The same key and body answer alike, always. */
export class RegisterPatient extends Command<Registered> {
  constructor(
    readonly actor: Actor,
    readonly key: string,
    readonly person: Person,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

/**
 * The vault first, then the event. A crash in between leaves a vault row nobody can see; the repeat with the same key derives the same
 * id, finds the row and appends the event.
 */
@CommandHandler(RegisterPatient)
export class RegisterPatientHandler {
  constructor(
    @Inject(PatientLog) private readonly log: PatientLog,
    @Inject(Vault) private readonly vault: Vault,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ actor, key, person, metadata }: RegisterPatient): Promise<Registered> {
    assertBirthDate(person.birthDate, this.clock.nowMs());
    const patientId = deriveId('patient', actor.subject, key);
    const guardianId = registrant(actor).startsWith('patient:') ? actor.patientId : undefined;
    if (guardianId !== undefined) await this.assertGuardian(guardianId);
    const requestHash = this.vault.fingerprint({ person, guardianId });
    const kept = await this.vault.keep(patientId, person, requestHash);
    if (kept.outcome === 'duplicate') throw duplicate(actor, kept.patientId);
    if (kept.outcome === 'other') throw patientError('key-reused', 'This Idempotency-Key registered a patient with another body');
    if (kept.outcome === 'erased') throw patientError('erased', `Patient ${patientId} was erased`);
    const command = { type: 'RegisterPatient', data: { patientId, requestHash, registeredBy: registrant(actor), ...(guardianId && { guardianId }) } } as const;
    const commandMetadata = { ...metadata, commandId: deriveId('patient-registered', patientId) };
    await (kept.outcome === 'kept' ? this.log.handleNew(patientId, command, commandMetadata) : this.log.handle(patientId, command, commandMetadata));
    return { patientId, guardianId: guardianId ?? null };
  }

  private async assertGuardian(guardianId: string) {
    const guardian = await this.log.read(guardianId);
    if (guardian.status !== 'active') throw patientError('guardian-unknown', 'The patient of this token is not registered');
  }
}

/** Only staff learn whose document it is. */
export function duplicate(actor: Actor, patientId: string) {
  if (!isStaff(actor)) return patientError('already-registered', 'One of these documents belongs to a registered patient');
  return patientError('already-registered', `One of these documents belongs to patient ${patientId}`, { data: { patientId } });
}
