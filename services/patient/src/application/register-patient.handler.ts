import { Inject } from '@nestjs/common';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { type Actor, Clock, deriveId } from '@talon/kernel';
import { isStaff, registrant } from '../domain/access';
import { patientError } from '../domain/errors';
import { type Person, assertBirthDate } from '../domain/person';
import { PatientLog } from './patient-log';
import { Vault } from './ports';

/** A registration without its event for so long is not on its way any more. */
const GIVEN_UP_AFTER_MS = 60_000;

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
 * id, finds the row and appends the event. If nobody repeats it, the next registration with one of its documents gives it up.
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
    // The repeat of one's own registration stays one's own when the token names the patient by now.
    const forDependant = registrant(actor).startsWith('patient:') && actor.patientId !== patientId;
    const guardianId = forDependant ? actor.patientId : undefined;
    if (guardianId !== undefined) await this.assertGuardian(guardianId);
    const requestHash = this.vault.fingerprint({ person, guardianId });
    let kept = await this.vault.keep(patientId, person, requestHash);
    if (kept.outcome === 'duplicate' && (await this.giveUp(kept.patientId, metadata))) kept = await this.vault.keep(patientId, person, requestHash);
    if (kept.outcome === 'duplicate') throw duplicate(actor, kept.patientId);
    if (kept.outcome === 'other') throw patientError('key-reused', 'This Idempotency-Key registered a patient with another body');
    if (kept.outcome === 'erased') throw patientError('erased', `Patient ${patientId} was erased`);
    const command = { type: 'RegisterPatient', data: { patientId, requestHash, registeredBy: registrant(actor), ...(guardianId && { guardianId }) } } as const;
    const commandMetadata = { ...metadata, commandId: deriveId('patient-registered', patientId) };
    await (kept.outcome === 'kept' ? this.log.handleNew(patientId, command, commandMetadata) : this.log.handle(patientId, command, commandMetadata));
    return { patientId, guardianId: guardianId ?? null };
  }

  /** Frees the documents of a registration whose process died before its event and that nobody repeated. */
  private async giveUp(patientId: string, metadata: EventMetadata): Promise<boolean> {
    if ((await this.log.read(patientId)).status !== 'none' || !(await this.vault.keptBefore(patientId, GIVEN_UP_AFTER_MS))) return false;
    const commandId = deriveId('patient-abandoned', patientId);
    const { state } = await this.log.handle(patientId, { type: 'AbandonRegistration', data: { patientId } }, { ...metadata, commandId });
    if (state.status !== 'erased') return false;
    await this.vault.destroy(patientId);
    return true;
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
