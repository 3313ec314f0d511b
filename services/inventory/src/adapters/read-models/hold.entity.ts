import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A hold that is open: neither confirmed, released nor expired. */
@Entity({ schema: 'inventory', name: 'holds' })
export class HoldRow {
  @PrimaryColumn({ name: 'session_id', type: 'uuid' }) sessionId: string;
  @PrimaryColumn({ type: 'integer' }) slot: number;
  @Column({ name: 'booking_id', type: 'uuid' }) bookingId: string;
  /** ISO-8601 UTC, as in the event: text order is time order. */
  @Column({ name: 'hold_until', type: 'text' }) holdUntil: string;
}
