import type { EventMetadata } from '@talon/event-sourcing';
import type { Actor } from '@talon/kernel';

/** Who asks, from the token, and what every event of this request carries. */
interface Asked {
  actor: Actor;
  metadata: EventMetadata;
}

export interface BookingBody {
  patientId: string;
  sessionId: string;
  /** A certain slot; absent: the first free one. */
  slot?: number;
}

export class RequestBooking {
  constructor(
    readonly request: Asked & { key: string; body: BookingBody },
  ) {}
}

export class CancelBookingOf {
  constructor(readonly request: Asked & { bookingId: string; reason?: string; key?: string }) {}
}

export class RescheduleBookingOf {
  constructor(readonly request: Asked & { bookingId: string; sessionId: string; slot?: number }) {}
}

export class ReadBooking {
  constructor(
    readonly actor: Actor,
    readonly bookingId: string,
  ) {}
}

export class ListBookings {
  constructor(
    readonly actor: Actor,
    readonly filter: { patientId?: string; sessionId?: string; limit: number; after?: string },
  ) {}
}
