import { defineErrors } from '@talon/kernel';

export const rehearsalError = defineErrors('rehearsal', {
  'not-rehearsing': {
    category: 'not-found',
    title: 'This is no rehearsal',
    next: 'Start the platform with `npm start -- --rehearsal`; in production nobody moves the time.',
  },
  'clock-backwards': {
    category: 'conflict',
    title: 'The rehearsal clock only goes forward',
    next: 'Send an instant at or after the one in `now`.',
  },
});
