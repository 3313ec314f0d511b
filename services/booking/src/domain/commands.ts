import type { Money } from '@talon/kernel';
import type { Place } from './events';

/** The slot is taken already: record the booking. */
export interface RecordBooking {
  type: 'RecordBooking';
  data: {
    bookingId: string;
    patientId: string;
    portalId?: string;
    requestHash: string;
    place: Place;
    /** null: nothing to pay. */
    price: Money | null;
    /** Present exactly when there is a price. */
    holdExpiresAt?: string;
  };
}

/** `force`: the platform itself takes a booking back, whatever the hour (the daily limit was used up). */
export interface CancelBooking {
  type: 'CancelBooking';
  data: { bookingId: string; reason: string; by: string; now: string; force?: boolean };
}

/** The slot `to` is taken already: move the booking there. */
export interface RescheduleBooking {
  type: 'RescheduleBooking';
  data: { bookingId: string; to: Place; price: Money | null; by: string; now: string };
}

export interface ExpireBooking {
  type: 'ExpireBooking';
  data: { bookingId: string; now: string };
}

/** Fence: no request that has not been recorded yet may be recorded from now on. */
export interface AbandonBooking {
  type: 'AbandonBooking';
  data: { bookingId: string };
}

export type BookingCommand = RecordBooking | CancelBooking | RescheduleBooking | ExpireBooking | AbandonBooking;
