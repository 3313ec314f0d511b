export const ROLES = ['patient', 'registrar', 'doctor', 'hospital-admin', 'authority-admin', 'portal', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** Who is asking, as the access token says; never taken from a body. */
export interface Actor {
  /** The token's subject: stable per person or client. Callers with different subjects never share idempotency keys. */
  subject: string;
  roles: Role[];
  /** For role patient: the patient record this account is. */
  patientId?: string;
  /** For staff: the hospitals they work in. */
  hospitalIds: string[];
  /** For role portal: which portal books. */
  portalId?: string;
}
