import { Inject } from '@nestjs/common';
import { Command, CommandHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { type Actor, Clock, commonError, deriveId } from '@talon/kernel';
import { type RecordAccess, mayAccess } from '../domain/access';
import type { Patient } from '../domain/decider';
import { patientError } from '../domain/errors';
import { type Person, assertBirthDate, changedFields } from '../domain/person';
import { PatientLog } from './patient-log';
import { Vault } from './ports';
import { duplicate } from './register-patient.handler';

/** Vault rows that changed under a change, in all. */
const CHANGE_ATTEMPTS_MAX = 3;

export interface PatientRecord extends Person {
  patientId: string;
  version: number;
}

/** The record with its personal data. Refusals: talon/forbidden, patient/not-found, patient/erased. */
export class ReadPatient extends Query<PatientRecord> {
  constructor(readonly actor: Actor, readonly patientId: string) {
    super();
  }
}

/** Replaces the given fields. A repeat changes nothing. Refusals as for ReadPatient, and patient/already-registered. */
export class ChangePatient extends Command<PatientRecord> {
  constructor(
    readonly actor: Actor,
    readonly patientId: string,
    readonly changes: Partial<Person>,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

/** Destroys the personal data for good. A repeat is fine. Refusals: talon/forbidden, patient/not-found. */
export class ErasePatient extends Command<void> {
  constructor(readonly actor: Actor, readonly patientId: string, readonly metadata: EventMetadata) {
    super();
  }
}

/** Reads the patient's stream and lets only those pass who may; the order tells strangers nothing about which ids exist. */
export async function readFor(log: PatientLog, now: string, actor: Actor, access: RecordAccess, patientId: string): Promise<Patient> {
  const patient = await log.read(patientId);
  if (!mayAccess(actor, access, patientId, patient, now)) throw commonError('forbidden', 'This token does not give access to this patient');
  if (patient.status === 'none') throw patientError('not-found', `Patient ${patientId} does not exist`);
  return patient;
}

@QueryHandler(ReadPatient)
export class ReadPatientHandler {
  constructor(
    @Inject(PatientLog) private readonly log: PatientLog,
    @Inject(Vault) private readonly vault: Vault,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ actor, patientId }: ReadPatient): Promise<PatientRecord> {
    const patient = await readFor(this.log, this.clock.now(), actor, 'read', patientId);
    const record = patient.status === 'erased' ? null : await this.vault.read(patientId);
    if (!record) throw patientError('erased', `Patient ${patientId} was erased`);
    return { patientId, ...record.person, version: record.version };
  }
}

/** The vault first, then the event, whose id derives from the vault's version: a crash in between is completed by the repeat. */
@CommandHandler(ChangePatient)
export class ChangePatientHandler {
  constructor(
    @Inject(PatientLog) private readonly log: PatientLog,
    @Inject(Vault) private readonly vault: Vault,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ actor, patientId, changes, metadata }: ChangePatient): Promise<PatientRecord> {
    if (changes.birthDate !== undefined) assertBirthDate(changes.birthDate, this.clock.nowMs());
    const patient = await readFor(this.log, this.clock.now(), actor, 'change', patientId);
    if (patient.status !== 'active') throw patientError('erased', `Patient ${patientId} was erased`);
    const { person, version, fields } = await this.replace(actor, patientId, changes);
    if (version > patient.version) {
      const commandId = deriveId('patient-changed', patientId, String(version));
      await this.log.handle(patientId, { type: 'RecordChange', data: { patientId, fields, version } }, { ...metadata, commandId });
    }
    return { patientId, ...person, version };
  }

  private async replace(actor: Actor, patientId: string, changes: Partial<Person>) {
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS_MAX; attempt++) {
      const record = await this.vault.read(patientId);
      if (!record) throw patientError('erased', `Patient ${patientId} was erased`);
      const person = { ...record.person, ...changes };
      const fields = changedFields(record.person, person);
      // Nothing to write: either nothing new, or a repeat after a crash between vault and event, which then still lacks its event.
      if (fields.length === 0) return { ...record, fields: Object.keys(changes) };
      const replaced = await this.vault.replace(patientId, record.version, person);
      if (replaced.outcome === 'duplicate') throw duplicate(actor, replaced.patientId);
      if (replaced.outcome === 'replaced') return { person, version: record.version + 1, fields };
    }
    throw commonError('conflict', `Patient ${patientId} was changed by others at the same time`);
  }
}

/**
 * The event first: from then on nobody can book. Then the vault; after a crash in between the feed `patient-erasure` or the repeat
 * destroys it.
 */
@CommandHandler(ErasePatient)
export class ErasePatientHandler {
  constructor(
    @Inject(PatientLog) private readonly log: PatientLog,
    @Inject(Vault) private readonly vault: Vault,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ actor, patientId, metadata }: ErasePatient): Promise<void> {
    const patient = await this.log.read(patientId);
    // Of an erased patient the log no longer tells which account registered it: the repeat of one without a patient id passes and finds nothing.
    const repeat = patient.status === 'erased' && actor.roles.includes('patient') && actor.patientId === undefined;
    if (!repeat && !mayAccess(actor, 'erase', patientId, patient, this.clock.now())) throw commonError('forbidden', 'Only the patient or an authority admin may erase');
    await this.log.handle(patientId, { type: 'ErasePatient', data: { patientId } }, { ...metadata, commandId: deriveId('patient-erased', patientId) });
    await this.vault.destroy(patientId);
  }
}
