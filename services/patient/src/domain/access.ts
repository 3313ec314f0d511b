import type { Actor, Role } from '@talon/kernel';
import { holds, type Patient } from './decider';
import type { GuardianScope } from './events';

/** Staff who see every record of the region. Doctors do not: they see bookings by patient id. */
const STAFF: readonly Role[] = ['registrar', 'hospital-admin', 'authority-admin'];

/** What a grant allows a guardian to do with bookings. Who may book may see what was booked. */
const ALLOWS: Record<GuardianScope, readonly GuardianScope[]> = { read: ['read'], book: ['read', 'book'], manage: ['read', 'book', 'manage'] };

export type RecordAccess = 'read' | 'change' | 'erase' | 'guardians';

export const isStaff = (actor: Actor): boolean => actor.roles.some((role) => STAFF.includes(role));

/** `<role>:<subject>` of whoever registers, for portals `portal:<portalId>`: what `PatientRegistered` keeps. */
export function registrant(actor: Actor): string {
  const staffRole = STAFF.find((role) => actor.roles.includes(role));
  if (staffRole) return `${staffRole}:${actor.subject}`;
  if (actor.roles.includes('portal')) return `portal:${actor.portalId ?? actor.subject}`;
  return `patient:${actor.subject}`;
}

/** Whether the guardian's grant holds at `now` and covers `scope`. */
export function mayAct(patient: Patient, guardianId: string, scope: GuardianScope, now: string): boolean {
  if (patient.status !== 'active') return false;
  const grant = Object.hasOwn(patient.guardians, guardianId) ? patient.guardians[guardianId] : undefined;
  return grant !== undefined && holds(grant, now) && ALLOWS[grant.scope].includes(scope);
}

/**
 * Who may do what with a record: staff all but erase (authority-admin only); the patient all; guardians with `read` read, with `manage`
 * read, change and name guardians; a portal reads and changes what it registered. A guardian with `book` does not see the record.
 */
export function mayAccess(actor: Actor, access: RecordAccess, patientId: string, patient: Patient, now: string): boolean {
  if (isSelf(actor, patientId, patient)) return true;
  if (access === 'erase') return actor.roles.includes('authority-admin');
  if (isStaff(actor)) return true;
  if (patient.status !== 'active') return false;
  if (actor.roles.includes('portal')) return access !== 'guardians' && patient.registeredBy === registrant(actor);
  if (!actor.roles.includes('patient') || actor.patientId === undefined) return false;
  if (mayAct(patient, actor.patientId, 'manage', now)) return true;
  return access === 'read' && patient.guardians[actor.patientId]?.scope === 'read' && mayAct(patient, actor.patientId, 'read', now);
}

/** The token says so, or the account registered itself before its token carried the patient id. */
function isSelf(actor: Actor, patientId: string, patient: Patient): boolean {
  if (!actor.roles.includes('patient')) return false;
  if (actor.patientId !== undefined) return actor.patientId === patientId;
  return patient.status === 'active' && patient.guardianId === undefined && patient.registeredBy === `patient:${actor.subject}`;
}
