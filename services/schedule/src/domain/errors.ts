import { defineErrors, type FieldError } from '@talon/kernel';

/** Refusals in order of precedence: what is missing, what does not fit together, times, sizes, then what others did first. */
export const scheduleError = defineErrors('schedule', {
  'hospital-not-found': { category: 'not-found', title: 'Hospital not found', next: 'List hospitals with `GET /v1/hospitals`.' },
  'department-not-found': { category: 'not-found', title: 'Department not found', next: 'List departments with `GET /v1/departments`.' },
  'doctor-not-found': { category: 'not-found', title: 'Doctor not found', next: 'List doctors with `GET /v1/doctors`.' },
  'session-not-found': { category: 'not-found', title: 'Session not found', next: 'Find sessions with `GET /v1/availability`.' },
  'template-not-found': { category: 'not-found', title: 'Template not found', next: 'List templates with `GET /v1/templates`.' },
  'holiday-not-found': { category: 'not-found', title: 'Holiday not found', next: 'List holidays with `GET /v1/hospitals/{id}/holidays`.' },
  'key-reused': {
    category: 'unprocessable',
    title: 'Idempotency-Key was used for another request',
    next: 'Send a new Idempotency-Key, or the same body as the first time.',
  },
  'reference-unknown': {
    category: 'unprocessable',
    title: 'The body names something that does not exist',
    next: 'Correct the id named in `errors`.',
  },
  'not-together': {
    category: 'unprocessable',
    title: 'Doctor, department and hospital do not belong together',
    next: "Name a department of that hospital, and the doctor's own department.",
  },
  'template-ended': { category: 'conflict', title: 'The template has ended', next: 'Create a new template.' },
  'time-not-real': {
    category: 'unprocessable',
    title: 'This local time does not exist',
    next: 'The clock skips it on that day; choose another time.',
  },
  'times-invalid': { category: 'unprocessable', title: 'Times do not fit', next: 'Correct the times named in `errors`.' },
  'slots-invalid': {
    category: 'unprocessable',
    title: 'Number or length of slots does not fit',
    next: 'Give either `slotMinutes` (1 to 480) or `tickets` (1 to 2,000), making 1 to 2,000 slots.',
  },
  'opens-too-late': {
    category: 'unprocessable',
    title: 'Booking would open after the session has begun',
    next: "Give an `opensAt` not after the session's start.",
  },
  'session-over': { category: 'unprocessable', title: 'The session has already ended', next: 'Choose a session or a day in the future.' },
  'slots-unknown': { category: 'unprocessable', title: 'The session has no such slots', next: 'Read the session and use its slot numbers.' },
  'doctor-busy': {
    category: 'conflict',
    title: 'The doctor has another session at that time',
    next: 'Choose another time or doctor; `otherSessionId` names the session in the way.',
  },
  'slots-taken': {
    category: 'conflict',
    title: 'The slots are taken',
    next: 'Cancel or reschedule their bookings first; `numbers` lists the slots.',
  },
});

/** A fault of one field of the body. */
export const fieldFault = (reason: Parameters<typeof scheduleError>[0], field: string, message: string, data?: Record<string, unknown>) => {
  const fields: FieldError[] = [{ field, message }];
  return scheduleError(reason, `${field} ${message}`, { fields, ...(data && { data }) });
};
