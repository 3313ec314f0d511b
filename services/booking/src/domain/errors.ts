import { defineErrors } from '@talon/kernel';

/** In order of precedence: the first that applies is the answer. */
export const bookingError = defineErrors('booking', {
  'in-progress': {
    category: 'conflict',
    title: 'The same request is still being worked on',
    next: 'Repeat it with the same Idempotency-Key in a second.',
    retryable: true,
  },
  'session-unknown': { category: 'not-found', title: 'Session not found', next: 'Choose a session from GET /v1/availability.' },
  'not-found': { category: 'not-found', title: 'Booking not found', next: 'Check the booking id; only your own bookings can be seen.' },
  'not-your-patient': {
    category: 'forbidden',
    title: 'Not allowed to book for this patient',
    next: 'Book for yourself, or ask the patient to name you as guardian with scope `book`.',
  },
  'patient-unknown': { category: 'unprocessable', title: 'Patient not found', next: 'Register the patient with POST /v1/patients, then book again.' },
  'key-reused': {
    category: 'unprocessable',
    title: 'Idempotency-Key was used for a different request',
    next: 'Use a new Idempotency-Key for a new booking.',
  },
  'abandoned': {
    category: 'conflict',
    title: 'The request took too long and was given up; nothing is booked',
    next: 'Book again with a new Idempotency-Key.',
  },
  'ended': { category: 'conflict', title: 'The booking has ended', next: 'Make a new booking with POST /v1/bookings.' },
  'too-late': { category: 'conflict', title: 'Too late to change the booking', next: 'Ask the hospital; the visit has begun.' },
  'other-price': {
    category: 'conflict',
    title: 'The other slot has another price',
    next: 'Choose a session with the same price, or cancel and make a new booking.',
  },
  'day-limit': {
    category: 'conflict',
    title: 'The patient has as many bookings on that day as allowed',
    next: 'Cancel or reschedule one of the bookings of that day, or choose another day.',
  },
});
