import { publicEvent } from './public-event';

export interface PatientCalls {
  /** Whether somebody can be booked for: `active`, `erased` or `unknown`. Strongly consistent. At most 500 ids. */
  'patient.standing': { request: { patientIds: string[] }; reply: Record<string, 'active' | 'erased' | 'unknown'> };
  /** Whether `guardianId` may act for `patientId` now in this scope. Acting for oneself is always allowed. */
  'patient.may-act': { request: { guardianId: string; patientId: string; scope: GuardianScope }; reply: { allowed: boolean } };
}

/** `book`: make, change and cancel bookings. `read`: see them. `manage`: both, and change the record. */
export const GUARDIAN_SCOPES = ['read', 'book', 'manage'] as const;
export type GuardianScope = (typeof GUARDIAN_SCOPES)[number];

export const patientEvents = {
  patientRegistered: publicEvent('patient.registered', 1, 'A patient record exists. Ids only: personal data never leaves the patient service.', { patientId: 'id' }),
  patientErased: publicEvent('patient.erased', 1, "A patient's personal data was destroyed; bookings stay, without a name.", { patientId: 'id' }),
};
