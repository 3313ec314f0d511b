import { defineErrors } from '@talon/kernel';

/** In order of precedence: the scripts test them in this order. */
export const inventoryError = defineErrors('inventory', {
  'session-unknown': { category: 'not-found', title: 'No such session', next: 'Look for a session with GET /v1/availability.' },
  'suspended': { category: 'conflict', title: 'Session takes no bookings at the moment', next: 'Choose another session, or try again when the hospital has resumed this one.', retryable: true },
  'not-open': { category: 'conflict', title: 'Session is not open for booking yet', next: 'Send the request again at the instant in `opensAt`.', retryable: true },
  'session-over': { category: 'conflict', title: 'Session is over', next: 'Choose a later session.' },
  'slot-unknown': { category: 'not-found', title: 'Session has no such slot', next: 'Read the session to see its slots.' },
  'slot-taken': { category: 'conflict', title: 'Slot is not free', next: 'Choose another slot, or leave `slot` out to get the first free one.' },
  'sold-out': { category: 'conflict', title: 'No slot of the session is free', next: 'Choose another session, or try again later: slots come back.', retryable: true },
  'hold-unknown': { category: 'conflict', title: 'Booking does not have the slot', next: 'Book a slot first.' },
  'hold-expired': { category: 'conflict', title: 'Hold ran out before it was confirmed', next: 'Book again.' },
});
export type SaleRefusal = 'suspended' | 'not-open' | 'session-over' | 'slot-unknown' | 'slot-taken' | 'sold-out';
