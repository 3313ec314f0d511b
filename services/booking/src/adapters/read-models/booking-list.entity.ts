import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One booking as its stream last said. Instants are text, ISO-8601 UTC, so that they compare as the domain compares them. */
@Entity({ schema: 'booking', name: 'booking_list' })
@Index('booking_list_patient', ['patientId', 'startsAt', 'bookingId'])
@Index('booking_list_session', ['sessionId', 'startsAt', 'bookingId'])
export class BookingListRow {
  @PrimaryColumn('uuid', { name: 'booking_id' })
  bookingId: string;

  @Column('uuid', { name: 'patient_id' })
  patientId: string;

  /** claimShard(patientId): claims load by shard. */
  @Column('smallint', { name: 'claim_shard' })
  claimShard: number;

  @Column('text')
  status: 'pending' | 'confirmed' | 'cancelled' | 'expired';

  @Column('uuid', { name: 'session_id' })
  sessionId: string;

  @Column('uuid', { name: 'hospital_id' })
  hospitalId: string;

  @Column('int')
  slot: number;

  @Column('text', { name: 'starts_at' })
  startsAt: string;

  @Column('text', { name: 'ends_at' })
  endsAt: string;

  /** YYYY-MM-DD. */
  @Column('text')
  date: string;

  @Column('text')
  zone: string;

  @Column('int', { name: 'day_moves' })
  dayMoves: number;

  @Column('text', { name: 'portal_id', nullable: true })
  portalId: string | null;

  @Column('jsonb', { nullable: true })
  price: { amountMinor: number; currency: string } | null;

  @Column('text', { name: 'hold_expires_at', nullable: true })
  holdExpiresAt: string | null;
}
