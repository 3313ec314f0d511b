import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

export const EVENTS_LIMIT_DEFAULT = 100;
export const EVENTS_LIMIT_MAX = 1_000;
export const EVENTS_WAIT_SECONDS_MAX = 30;

export class EventsQuery {
  /** Read on after this position: the `next` of the answer before. Absent: from the beginning; `latest`: only what comes. */
  @ApiPropertyOptional({ type: String, example: '4711', description: '`next` of the answer before; absent: from the beginning; `latest`: only what comes from now on' })
  @IsOptional()
  @Matches(/^(latest|\d{1,15})$/, { message: 'must be a position (digits) or `latest`' })
  after?: string;

  /** Comma-separated public types. */
  @ApiPropertyOptional({ type: String, example: 'talon.booking.confirmed.v1,talon.booking.cancelled.v1', description: 'public event types, separated by commas; absent: all' })
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  types?: string;

  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: EVENTS_LIMIT_MAX, default: EVENTS_LIMIT_DEFAULT, description: 'events per answer at most' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(EVENTS_LIMIT_MAX)
  limit = EVENTS_LIMIT_DEFAULT;

  @ApiPropertyOptional({ type: Number, minimum: 0, maximum: EVENTS_WAIT_SECONDS_MAX, default: 0, description: 'seconds to wait for an event when there is none' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(EVENTS_WAIT_SECONDS_MAX)
  wait = 0;
}

export class CloudEventDto {
  @ApiProperty({ enum: ['1.0'] })
  specversion: '1.0';
  @ApiProperty({ format: 'uuid', description: 'the same in every delivery: drop what you have seen' })
  id: string;
  @ApiProperty({ example: '/talon/booking' })
  source: string;
  @ApiProperty({ example: 'talon.booking.confirmed.v1' })
  type: string;
  @ApiProperty({ format: 'date-time' })
  time: string;
  @ApiProperty({ enum: ['application/json'] })
  datacontenttype: 'application/json';
  @ApiProperty({ example: 'booking-2f1c7c1e-0f3a-8c55-9d58-0c8f9f6f4f10' })
  subject: string;
  @ApiProperty({ example: '4712' })
  position: string;
  @ApiProperty({ type: Object, description: 'by the JSON Schema of `type`, see docs/events.md' })
  data: object;
}

export class EventsPage {
  @ApiProperty({ type: [CloudEventDto] })
  events: CloudEventDto[];
  @ApiProperty({ example: '4712', description: 'everything up to here was looked at: send it as `after` next time' })
  next: string;
}
