import type { GuardianScope } from './events';

type Command<Type extends string, Data extends object> = { type: Type; data: Data };

/** Commands carry ids and hashes only; personal data goes to the vault beside them. `now` is ISO-8601 UTC. */
export type PatientCommand =
  | Command<'RegisterPatient', { patientId: string; requestHash: string; registeredBy: string; guardianId?: string }>
  | Command<'RecordChange', { patientId: string; fields: string[]; version: number }>
  | Command<'AddGuardian', { patientId: string; guardianId: string; scope: GuardianScope; expiresAt: string | null; now: string }>
  | Command<'RevokeGuardian', { patientId: string; guardianId: string }>
  | Command<'AbandonRegistration', { patientId: string }>
  | Command<'ErasePatient', { patientId: string }>;

export type CommandData<T extends PatientCommand['type']> = Extract<PatientCommand, { type: T }>['data'];
