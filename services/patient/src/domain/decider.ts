import type { Decider } from '@talon/event-sourcing';
import type { CommandData, PatientCommand } from './commands';
import { patientError } from './errors';
import type { GuardianScope, PatientEvent } from './events';

/** Guardians whose time has not run out, per patient. */
export const GUARDIANS_MAX = 20;

export interface Grant {
  scope: GuardianScope;
  /** ISO-8601 UTC; the grant holds before it, not from it on. null: until revoked. */
  expiresAt: string | null;
}

export interface ActivePatient {
  status: 'active';
  requestHash: string;
  registeredBy: string;
  /** The patient who registered this one as a dependant. */
  guardianId?: string;
  /** The vault's version that the log knows of. */
  version: number;
  /** By guardian id, expired ones included. */
  guardians: Readonly<Record<string, Grant>>;
}

export type Patient = { status: 'none' } | ActivePatient | { status: 'erased'; requestHash: string };

/** Whether a grant holds at `now`: on its last instant it does not any more. */
export const holds = (grant: Grant, now: string): boolean => grant.expiresAt === null || now < grant.expiresAt;

export const patientDecider: Decider<Patient, PatientCommand, PatientEvent> = {
  initialState: { status: 'none' },
  decide(command, patient) {
    if (command.type === 'RegisterPatient') return register(command.data, patient);
    // A fence: whoever is still about to register this one meets it and gives up.
    if (command.type === 'AbandonRegistration') return patient.status === 'none' ? [{ type: 'PatientErased', data: command.data }] : [];
    if (patient.status === 'none') throw patientError('not-found', `Patient ${command.data.patientId} does not exist`);
    if (command.type === 'ErasePatient') return patient.status === 'erased' ? [] : [{ type: 'PatientErased', data: command.data }];
    if (patient.status === 'erased') throw patientError('erased', `Patient ${command.data.patientId} was erased`);
    switch (command.type) {
      case 'RecordChange':
        return command.data.version <= patient.version ? [] : [{ type: 'PatientChanged', data: command.data }];
      case 'AddGuardian':
        return addGuardian(command.data, patient);
      case 'RevokeGuardian':
        return Object.hasOwn(patient.guardians, command.data.guardianId) ? [{ type: 'GuardianRevoked', data: command.data }] : [];
    }
  },
  evolve(patient, event) {
    if (event.type === 'PatientRegistered') {
      const { patientId: _, ...facts } = event.data;
      return { status: 'active', ...facts, version: 1, guardians: {} };
    }
    if (event.type === 'PatientErased') return { status: 'erased', requestHash: patient.status === 'none' ? '' : patient.requestHash };
    if (patient.status !== 'active') return patient;
    switch (event.type) {
      case 'PatientChanged':
        return { ...patient, version: event.data.version };
      case 'GuardianAdded': {
        const { guardianId, scope, expiresAt } = event.data;
        return { ...patient, guardians: { ...patient.guardians, [guardianId]: { scope, expiresAt } } };
      }
      case 'GuardianRevoked': {
        const { [event.data.guardianId]: _, ...guardians } = patient.guardians;
        return { ...patient, guardians };
      }
    }
  },
};

function register(data: CommandData<'RegisterPatient'>, patient: Patient): PatientEvent[] {
  if (patient.status === 'erased') throw patientError('erased', `Patient ${data.patientId} was erased`);
  if (patient.status === 'active') {
    if (patient.requestHash !== data.requestHash) throw patientError('key-reused', 'This Idempotency-Key registered a patient with another body');
    return [];
  }
  const registered: PatientEvent = { type: 'PatientRegistered', data };
  if (data.guardianId === undefined) return [registered];
  const { patientId, guardianId } = data;
  return [registered, { type: 'GuardianAdded', data: { patientId, guardianId, scope: 'manage', expiresAt: null } }];
}

function addGuardian({ now, ...added }: CommandData<'AddGuardian'>, patient: ActivePatient): PatientEvent[] {
  const { patientId, guardianId, scope, expiresAt } = added;
  if (guardianId === patientId) throw patientError('guardian-self', `Patient ${patientId} cannot be their own guardian`);
  const present = patient.guardians[guardianId];
  if (present?.scope === scope && present.expiresAt === expiresAt) return [];
  if (!holds({ scope, expiresAt }, now)) throw patientError('guardian-expired', `${expiresAt} is not in the future`);
  const others = Object.entries(patient.guardians).filter(([id, grant]) => id !== guardianId && holds(grant, now));
  if (others.length >= GUARDIANS_MAX) throw patientError('too-many-guardians', `Patient ${patientId} has ${GUARDIANS_MAX} guardians`);
  return [{ type: 'GuardianAdded', data: added }];
}
