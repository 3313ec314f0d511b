import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, IsObject, IsOptional, Max, Min, ValidateIf, ValidateNested } from 'class-validator';
import { IsLocalDate, IsLocalTime, IsTalonId, IsZone } from '@talon/http';
import { SLOT_MINUTES_MAX, SLOTS_MAX } from '../../domain/session-plan';
import { EXCEPTIONS_MAX, TEMPLATE_ENTRIES_MAX } from '../../domain/template';
import { MoneyDto, NEXT_PROPERTY } from './list.dto';

const DAYS_AHEAD_MAX = 90;
const OPENS_DAYS_MAX = 365;

const id = (description: string) => ({ description, format: 'uuid' });
const date = (description: string, example: string) => ({ description, format: 'date', example });
const IfGiven = () => ValidateIf((_, value: unknown) => value !== undefined);

export class EntryDto {
  @ApiProperty({ description: '1 Monday … 7 Sunday.', type: 'integer', minimum: 1, maximum: 7, example: 2 }) @IsInt() @Min(1) @Max(7)
  weekday: number;

  @ApiProperty({ description: 'Local.', pattern: '^\\d{2}:\\d{2}$', example: '09:00' }) @IsLocalTime()
  start: string;

  @ApiProperty({ description: 'Local, after the start, up to 24:00.', pattern: '^\\d{2}:\\d{2}$', example: '12:00' }) @IsLocalTime({ endOfDay: true })
  end: string;

  @ApiPropertyOptional({ description: 'Instead of `tickets`.', type: 'integer', minimum: 1, maximum: SLOT_MINUTES_MAX, example: 15 })
  @IfGiven() @IsInt() @Min(1) @Max(SLOT_MINUTES_MAX)
  slotMinutes?: number;

  @ApiPropertyOptional({ description: 'Instead of `slotMinutes`.', type: 'integer', minimum: 1, maximum: SLOTS_MAX })
  @IfGiven() @IsInt() @Min(1) @Max(SLOTS_MAX)
  tickets?: number;

  @ApiPropertyOptional({ type: MoneyDto, nullable: true, description: 'Fee per booking; absent: nothing to pay.' })
  @IsOptional() @IsObject() @ValidateNested() @Type(() => MoneyDto)
  price?: MoneyDto | null;
}

export class OpensDto {
  @ApiProperty({ description: 'Days before the session.', type: 'integer', minimum: 0, maximum: OPENS_DAYS_MAX, example: 7 }) @IsInt() @Min(0) @Max(OPENS_DAYS_MAX)
  daysBefore: number;

  @ApiProperty({ description: 'Local.', pattern: '^\\d{2}:\\d{2}$', example: '08:00' }) @IsLocalTime()
  time: string;
}

/** What may be left out on creation as well as on change. Rules of a parent class cannot be tightened by a child, so the rest is in neither. */
abstract class TemplateFieldsDto {
  @ApiPropertyOptional({ description: "IANA; default: the hospital's.", example: 'Europe/Madrid' }) @IfGiven() @IsZone()
  zone?: string;

  @ApiPropertyOptional({ ...date('Last local day, included; null: without end.', '2027-06-30'), type: String, nullable: true }) @IsOptional() @IsLocalDate()
  validTo?: string | null;

  @ApiPropertyOptional({ type: [String], description: 'Local days without sessions.', maxItems: EXCEPTIONS_MAX, example: ['2026-12-24'] })
  @IfGiven() @IsArray() @ArrayMaxSize(EXCEPTIONS_MAX) @IsLocalDate({ each: true })
  exceptions?: string[];

  @ApiPropertyOptional({ description: 'Sessions are planned so many days ahead.', type: 'integer', minimum: 1, maximum: DAYS_AHEAD_MAX, default: 28 })
  @IfGiven() @IsInt() @Min(1) @Max(DAYS_AHEAD_MAX)
  planDaysAhead?: number;

  @ApiPropertyOptional({ type: OpensDto, nullable: true, description: 'When booking opens; null: as soon as a session is planned.' })
  @IsOptional() @IsObject() @ValidateNested() @Type(() => OpensDto)
  opens?: OpensDto | null;
}

export class ChangeTemplateDto extends TemplateFieldsDto {
  @ApiPropertyOptional({ type: [EntryDto], description: 'The sessions of a week. Entries keep their meaning by their place.', minItems: 1, maxItems: TEMPLATE_ENTRIES_MAX })
  @IfGiven() @IsArray() @ArrayMinSize(1) @ArrayMaxSize(TEMPLATE_ENTRIES_MAX) @IsObject({ each: true }) @ValidateNested({ each: true }) @Type(() => EntryDto)
  entries?: EntryDto[];

  @ApiPropertyOptional(date('First local day.', '2026-12-01')) @IfGiven() @IsLocalDate()
  validFrom?: string;
}

export class CreateTemplateDto extends TemplateFieldsDto {
  @ApiProperty(id('Who holds the sessions.')) @IsTalonId()
  doctorId: string;

  @ApiProperty(id("The doctor's department.")) @IsTalonId()
  departmentId: string;

  @ApiProperty({ type: [EntryDto], description: 'The sessions of a week.', minItems: 1, maxItems: TEMPLATE_ENTRIES_MAX })
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(TEMPLATE_ENTRIES_MAX) @IsObject({ each: true }) @ValidateNested({ each: true }) @Type(() => EntryDto)
  entries: EntryDto[];

  @ApiProperty(date('First local day.', '2026-12-01')) @IsLocalDate()
  validFrom: string;
}

export class SkippedDto {
  @ApiProperty(date('Local day.', '2026-12-01')) date: string;
  @ApiProperty({ description: 'Index in `entries` at that time.', type: 'integer' }) entry: number;
  @ApiProperty({ description: 'The refusal.', example: 'schedule/doctor-busy' }) code: string;
  @ApiProperty() detail: string;
}

export class TemplateDto {
  @ApiProperty(id('Of the template.')) templateId: string;
  @ApiProperty(id('Where.')) hospitalId: string;
  @ApiProperty(id('Where.')) departmentId: string;
  @ApiProperty(id('Who holds the sessions.')) doctorId: string;
  @ApiProperty({ example: 'Europe/Madrid' }) zone: string;
  @ApiProperty({ type: [EntryDto] }) entries: EntryDto[];
  @ApiProperty(date('First local day.', '2026-12-01')) validFrom: string;
  @ApiProperty({ ...date('Last local day; null: without end.', '2027-06-30'), type: String, nullable: true }) validTo: string | null;
  @ApiProperty({ type: [String] }) exceptions: string[];
  @ApiProperty({ type: 'integer' }) planDaysAhead: number;
  @ApiProperty({ type: OpensDto, nullable: true }) opens: OpensDto | null;
  @ApiProperty({ description: 'Plans nothing more.' }) ended: boolean;
  @ApiProperty({ type: [SkippedDto], description: 'Sessions that could not be planned; the last 100.' }) skipped: SkippedDto[];
}

export class TemplatesDto {
  @ApiProperty({ type: [TemplateDto] }) items: TemplateDto[];
  @ApiProperty(NEXT_PROPERTY) next: string | null;
}
