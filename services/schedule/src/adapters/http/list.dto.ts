import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsISO4217CurrencyCode, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { IsLocalDate, IsTalonId } from '@talon/http';
import type { PageRequest } from '../../application/ports';

export const LIMIT_MAX = 500;
export const LIMIT_DEFAULT = 100;

/** `?limit=&after=` of every list. */
export class PageQuery {
  @ApiPropertyOptional({ description: 'Items per page.', type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT })
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(LIMIT_MAX)
  limit?: number;

  @ApiPropertyOptional({ description: '`next` of the page before.', maxLength: 2000 })
  @IsOptional() @IsString() @MaxLength(2_000)
  after?: string;
}

export const pageOf = ({ limit, after }: PageQuery): PageRequest => ({ limit: limit ?? LIMIT_DEFAULT, after });

export class DepartmentQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only of this hospital.', format: 'uuid' })
  @IsOptional() @IsTalonId()
  hospital?: string;
}

export class DoctorQuery extends DepartmentQuery {
  @ApiPropertyOptional({ description: 'Only of this department.', format: 'uuid' })
  @IsOptional() @IsTalonId()
  department?: string;
}

export class TemplateQuery extends DepartmentQuery {
  @ApiPropertyOptional({ description: 'Only of this doctor.', format: 'uuid' })
  @IsOptional() @IsTalonId()
  doctor?: string;
}

export class AvailabilityQuery extends DoctorQuery {
  @ApiPropertyOptional({ description: 'Only of this doctor.', format: 'uuid' })
  @IsOptional() @IsTalonId()
  doctor?: string;

  @ApiPropertyOptional({ description: 'First local day, included. Absent: sessions that have not ended.', format: 'date', example: '2026-12-01' })
  @IsOptional() @IsLocalDate()
  from?: string;

  @ApiPropertyOptional({ description: 'Last local day, included.', format: 'date', example: '2026-12-31' })
  @IsOptional() @IsLocalDate()
  to?: string;
}

export const NEXT_PROPERTY = { type: 'string', nullable: true, description: 'Give it as `after` for the next page; null at the end.' } as const;

export class MoneyDto {
  @ApiProperty({ description: "In the currency's smallest unit.", type: 'integer', minimum: 0, maximum: 1_000_000_000, example: 2500 })
  @IsInt() @Min(0) @Max(1_000_000_000)
  amountMinor: number;

  @ApiProperty({ description: 'ISO 4217.', pattern: '^[A-Z]{3}$', example: 'EUR' })
  @Matches(/^[A-Z]{3}$/, { message: 'must be three capital letters' }) @IsISO4217CurrencyCode({ message: 'must be an ISO 4217 currency' })
  currency: string;
}
