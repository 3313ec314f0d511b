import { type Event, eventCodec } from '@talon/event-sourcing';

/** What a guardian may do: `read` see bookings and record, `book` make, see, change and cancel bookings, `manage` all of it and change the record. */
export type GuardianScope = 'read' | 'book' | 'manage';

/**
 * A record exists; name, documents and contacts are in the vault. `requestHash` is keyed (HMAC), so nobody can guess the body from it.
 * `registeredBy` is `<role>:<subject>`, for portals `portal:<portalId>`. `guardianId` is the patient who registered a dependant.
 */
export type PatientRegistered = Event<'PatientRegistered', { patientId: string; requestHash: string; registeredBy: string; guardianId?: string }>;
/** Names of the fields that changed, never their values. `version` is the vault's version of the record, from 2 on. */
export type PatientChanged = Event<'PatientChanged', { patientId: string; fields: string[]; version: number }>;
/** From now on until `expiresAt` (null: until revoked). A second one for the same guardian replaces the first. */
export type GuardianAdded = Event<'GuardianAdded', { patientId: string; guardianId: string; scope: GuardianScope; expiresAt: string | null }>;
export type GuardianRevoked = Event<'GuardianRevoked', { patientId: string; guardianId: string }>;
/** The last event of a stream: the vault's key and ciphertext are destroyed. The only one when a registration died half-way and was given up. */
export type PatientErased = Event<'PatientErased', { patientId: string }>;
export type PatientEvent = PatientRegistered | PatientChanged | GuardianAdded | GuardianRevoked | PatientErased;

export const PATIENT_CATEGORY = 'patient';

export const patientCodec = eventCodec<PatientEvent>({
  PatientRegistered: 1,
  PatientChanged: 1,
  GuardianAdded: 1,
  GuardianRevoked: 1,
  PatientErased: 1,
});
