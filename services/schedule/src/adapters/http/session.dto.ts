import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { IsInstant, IsLocalDate, IsLocalTime, IsTalonId, IsZone, SafeText } from '@talon/http';
import { SLOT_MINUTES_MAX, SLOTS_MAX } from '../../domain/session-plan';
import { MoneyDto, NEXT_PROPERTY } from './list.dto';

export const REASON_MAX = 500;

const time = (description: string, example: string) => ({ description, pattern: '^\\d{2}:\\d{2}$', example });
const reason = { description: 'Why; recorded with who did it.', minLength: 1, maxLength: REASON_MAX, example: 'The doctor is ill' };
const instant = (description: string) => ({ description, format: 'date-time', example: '2026-12-01T08:00:00.000Z' });
const id = (description: string) => ({ description, format: 'uuid' });

export class PlanSessionDto {
  @ApiProperty(id('Who holds it.')) @IsTalonId()
  doctorId: string;

  @ApiProperty(id("The doctor's department.")) @IsTalonId()
  departmentId: string;

  @ApiProperty({ description: 'Local day.', format: 'date', example: '2026-12-01' }) @IsLocalDate()
  date: string;

  @ApiPropertyOptional({ description: "IANA; default: the hospital's.", example: 'Europe/Madrid' }) @IsOptional() @IsZone()
  zone?: string;

  @ApiProperty(time('Local. A time that the clock shows twice means the first one; one it skips is refused.', '09:00')) @IsLocalTime()
  start: string;

  @ApiProperty(time('Local, after the start; 24:00 is the next midnight. At most 24 hours in all.', '12:00')) @IsLocalTime({ endOfDay: true })
  end: string;

  @ApiPropertyOptional({
    description: 'Timed slots of this length from the start on; a remainder that is too short for a slot is left out. Instead of `tickets`.',
    type: 'integer', minimum: 1, maximum: SLOT_MINUTES_MAX, example: 15,
  })
  @IsOptional() @IsInt() @Min(1) @Max(SLOT_MINUTES_MAX)
  slotMinutes?: number;

  @ApiPropertyOptional({ description: 'Numbered places for the whole session. Instead of `slotMinutes`.', type: 'integer', minimum: 1, maximum: SLOTS_MAX })
  @IsOptional() @IsInt() @Min(1) @Max(SLOTS_MAX)
  tickets?: number;

  @ApiPropertyOptional({ type: MoneyDto, description: 'Fee per booking; absent: nothing to pay.' })
  @IsOptional() @IsObject() @ValidateNested() @Type(() => MoneyDto)
  price?: MoneyDto;

  @ApiPropertyOptional({ ...instant("Booking opens then, at the latest at the session's start; absent: at once."), example: '2026-11-24T07:00:00Z' })
  @IsOptional() @IsInstant()
  opensAt?: string;
}

export class SessionDto {
  @ApiProperty(id('Of the session.')) sessionId: string;
  @ApiProperty(id('Where.')) hospitalId: string;
  @ApiProperty(id('Where.')) departmentId: string;
  @ApiProperty(id('Who holds it.')) doctorId: string;
  @ApiProperty({ description: 'Local day.', format: 'date', example: '2026-12-01' }) date: string;
  @ApiProperty({ description: 'IANA.', example: 'Europe/Madrid' }) zone: string;
  @ApiProperty(instant('UTC.')) startsAt: string;
  @ApiProperty(instant('UTC.')) endsAt: string;
  @ApiProperty({ type: MoneyDto, nullable: true, description: 'null: nothing to pay.' }) price: MoneyDto | null;
  @ApiProperty({ ...instant('Nobody can book before; null: no such limit.'), type: String, nullable: true }) opensAt: string | null;
  @ApiProperty({ description: 'Length of a slot; null for tickets.', type: 'integer', nullable: true, example: 15 }) slotMinutes: number | null;
  @ApiProperty({ description: 'Slots, withdrawn ones left out.', type: 'integer', example: 12 }) slotCount: number;
  @ApiProperty({ enum: ['open', 'not-open', 'suspended', 'over'], description: '`not-open`: booking opens later.' }) status: string;
  @ApiProperty({ ...id('The weekly template that planned it; null: somebody did.'), type: String, nullable: true }) templateId: string | null;
}

export class SlotDto {
  @ApiProperty({ description: 'Never given twice.', type: 'integer', minimum: 1 }) number: number;
  @ApiProperty(instant('UTC.')) startsAt: string;
  @ApiProperty(instant('UTC.')) endsAt: string;
  @ApiProperty({ enum: ['free', 'held', 'reserved', 'withdrawn', 'past', 'unknown'], description: '`unknown`: not to be had at the moment.' }) state: string;
}

export class SessionWithSlotsDto extends SessionDto {
  @ApiProperty({ type: [SlotDto], description: 'In number order.' }) slots: SlotDto[];
}

export class SlotTimeDto {
  @ApiProperty(time("Local, on the session's day.", '11:00')) @IsLocalTime()
  start: string;

  @ApiProperty(time('Local, after the start, within the session.', '11:15')) @IsLocalTime({ endOfDay: true })
  end: string;
}

export class AddSlotsDto {
  @ApiPropertyOptional({ type: [SlotTimeDto], description: 'For timed sessions. May share their time with other slots: extra places.', minItems: 1, maxItems: SLOTS_MAX })
  @IsOptional() @IsArray() @ArrayMinSize(1) @ArrayMaxSize(SLOTS_MAX) @IsObject({ each: true }) @ValidateNested({ each: true }) @Type(() => SlotTimeDto)
  slots?: SlotTimeDto[];

  @ApiPropertyOptional({ description: 'For sessions with tickets: so many more.', type: 'integer', minimum: 1, maximum: SLOTS_MAX })
  @IsOptional() @IsInt() @Min(1) @Max(SLOTS_MAX)
  count?: number;

  @ApiProperty(reason) @SafeText(REASON_MAX)
  reason: string;
}

const inEffect = { description: 'false: recorded, and in effect within seconds.' };

export class AddedSlotsDto {
  @ApiProperty({ type: [Number], description: 'Numbers of the new slots.' }) numbers: number[];
  @ApiProperty(inEffect) inEffect: boolean;
}

export class WithdrawDto {
  @ApiProperty({ type: [Number], description: 'Slot numbers.', minItems: 1, maxItems: SLOTS_MAX, example: [3, 4] })
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(SLOTS_MAX) @IsInt({ each: true }) @Min(1, { each: true }) @Max(SLOTS_MAX, { each: true })
  numbers: number[];

  @ApiProperty(reason) @SafeText(REASON_MAX)
  reason: string;
}

export class WithdrawnDto {
  @ApiProperty({ type: [Number], description: 'Out of sale for good.' }) withdrawn: number[];
  @ApiProperty({ type: [Number], description: 'Stay, because somebody has them.' }) taken: number[];
  @ApiProperty(inEffect) inEffect: boolean;
}

export class SuspendDto {
  @ApiProperty(reason) @SafeText(REASON_MAX)
  reason: string;
}

export class InEffectDto {
  @ApiProperty(inEffect) inEffect: boolean;
}

export class AvailabilityItemDto {
  @ApiProperty(id('Of the session.')) sessionId: string;
  @ApiProperty(id('Where.')) hospitalId: string;
  @ApiProperty({ example: 'Hospital Clínico' }) hospitalName: string;
  @ApiProperty(id('Where.')) departmentId: string;
  @ApiProperty({ example: 'Cardiology' }) departmentName: string;
  @ApiProperty(id('Who holds it.')) doctorId: string;
  @ApiProperty({ example: 'Dr. Ana Ruiz' }) doctorName: string;
  @ApiProperty({ description: 'Local day.', format: 'date', example: '2026-12-01' }) date: string;
  @ApiProperty({ description: 'IANA.', example: 'Europe/Madrid' }) zone: string;
  @ApiProperty(instant('UTC.')) startsAt: string;
  @ApiProperty(instant('UTC.')) endsAt: string;
  @ApiProperty({ type: MoneyDto, nullable: true, description: 'null: nothing to pay.' }) price: MoneyDto | null;
  @ApiProperty({ ...instant('Nobody can book before; null: no such limit.'), type: String, nullable: true }) opensAt: string | null;
  @ApiProperty({ description: 'Slots, withdrawn ones left out.', type: 'integer' }) capacity: number;
  @ApiProperty({ description: 'At most seconds old; null: not to be had at the moment.', type: 'integer', nullable: true }) free: number | null;
  @ApiProperty({ enum: ['open', 'not-open', 'suspended', 'over'] }) status: string;
}

export class AvailabilityDto {
  @ApiProperty({ type: [AvailabilityItemDto], description: 'In order of start.' }) items: AvailabilityItemDto[];
  @ApiProperty(NEXT_PROPERTY) next: string | null;
}
