import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsTalonId, SafeText } from '@talon/http';
import { Type } from 'class-transformer';
import { IsInt, Max, Min, ValidateIf } from 'class-validator';
import type { BookingView } from '../../application/ports';

const SLOT_MAX = 100_000;
const REASON_LENGTH_MAX = 200;
const CURSOR_LENGTH_MAX = 200;
export const LIST_LIMIT_DEFAULT = 100;
const LIST_LIMIT_MAX = 500;

/** Absent is fine, null is not. */
const IfPresent = () => ValidateIf((_, value) => value !== undefined);

export class RequestBookingDto {
  @ApiProperty({ format: 'uuid', description: 'Who comes to the visit.' })
  @IsTalonId()
  patientId: string;

  @ApiProperty({ format: 'uuid' })
  @IsTalonId()
  sessionId: string;

  @ApiPropertyOptional({ minimum: 1, maximum: SLOT_MAX, example: 3, description: 'A certain slot; absent: the first free one.' })
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(SLOT_MAX)
  slot?: number;
}

export class RescheduleBookingDto {
  @ApiProperty({ format: 'uuid', description: 'Where to; may be the same session with another slot.' })
  @IsTalonId()
  sessionId: string;

  @ApiPropertyOptional({ minimum: 1, maximum: SLOT_MAX, description: 'A certain slot; absent: the first free one.' })
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(SLOT_MAX)
  slot?: number;
}

export class CancelBookingDto {
  @ApiPropertyOptional({ maxLength: REASON_LENGTH_MAX, example: 'no longer needed', description: 'Published with the cancellation: no personal data.' })
  @IfPresent()
  @SafeText(REASON_LENGTH_MAX)
  reason?: string;
}

export class BookingListQueryDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'Bookings of this patient. Name a patient, a session or both.' })
  @IfPresent()
  @IsTalonId()
  patient?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Bookings of this session.' })
  @IfPresent()
  @IsTalonId()
  session?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: LIST_LIMIT_MAX, default: LIST_LIMIT_DEFAULT })
  @IfPresent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(LIST_LIMIT_MAX)
  limit?: number;

  @ApiPropertyOptional({ maxLength: CURSOR_LENGTH_MAX, description: '`next` of the page before.' })
  @IfPresent()
  @SafeText(CURSOR_LENGTH_MAX)
  after?: string;
}

export class PriceDto {
  @ApiProperty({ example: 1250, description: 'In the smallest unit of the currency.' })
  amountMinor: number;

  @ApiProperty({ example: 'EUR' })
  currency: string;
}

export class BookingDto implements BookingView {
  @ApiProperty({ format: 'uuid' })
  bookingId: string;

  @ApiProperty({ enum: ['pending', 'confirmed', 'cancelled', 'expired'], description: '`pending`: a fee is due and the slot is held until `holdExpiresAt`.' })
  status: BookingView['status'];

  @ApiProperty({ format: 'uuid' })
  patientId: string;

  @ApiProperty({ format: 'uuid' })
  sessionId: string;

  @ApiProperty({ format: 'uuid' })
  hospitalId: string;

  @ApiProperty({ minimum: 1, example: 3 })
  slot: number;

  @ApiProperty({ format: 'date-time' })
  startsAt: string;

  @ApiProperty({ format: 'date-time' })
  endsAt: string;

  @ApiProperty({ format: 'date', description: 'Local day of the visit: limits count by it.' })
  date: string;

  @ApiProperty({ example: 'Europe/Madrid' })
  zone: string;

  @ApiProperty({ type: PriceDto, nullable: true, description: 'null: nothing to pay.' })
  price: PriceDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  holdExpiresAt: string | null;
}

export class BookingPageDto {
  @ApiProperty({ type: [BookingDto] })
  items: BookingDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Send as `after` for the next page; null on the last one.' })
  next: string | null;
}
