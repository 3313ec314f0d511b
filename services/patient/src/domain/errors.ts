import { defineErrors } from '@talon/kernel';

/** In order of precedence. */
export const patientError = defineErrors('patient', {
  'not-found': { category: 'not-found', title: 'Patient not found', next: 'Check the patient id, or register the patient.' },
  'erased': { category: 'gone', title: 'The personal data of this patient was erased', next: 'Register the person again under a new Idempotency-Key.' },
  'key-reused': { category: 'unprocessable', title: 'Idempotency-Key was used for another registration', next: 'Send a new Idempotency-Key, or the first body again.' },
  'already-registered': { category: 'conflict', title: 'A patient with one of these documents exists', next: 'Use the existing record; the registration desk can find it.' },
  'guardian-self': { category: 'unprocessable', title: 'Nobody is their own guardian', next: 'Name another patient as guardian.' },
  'guardian-unknown': { category: 'unprocessable', title: 'The guardian is not a registered patient', next: 'Register the guardian first.' },
  'guardian-expired': { category: 'unprocessable', title: 'The guardianship would end before it begins', next: 'Send an `expiresAt` in the future, or none.' },
  'too-many-guardians': { category: 'conflict', title: 'This patient has the maximum number of guardians', next: 'Revoke a guardian first.' },
});
