import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min, ValidateIf } from 'class-validator';
import { IsLocalDate, IsTalonId, IsZone, SafeText } from '@talon/http';
import { BOOKINGS_PER_DAY_DEFAULT, HOLD_MINUTES_DEFAULT } from '../../domain/hospital';
import { NEXT_PROPERTY } from './list.dto';

export const NAME_MAX = 200;

const name = (example: string) => ({ description: 'Shown to patients.', minLength: 1, maxLength: NAME_MAX, example });
const zone = { description: 'IANA time zone of its wall clocks.', maxLength: 64, example: 'Europe/Madrid' };
const perDay = { description: 'Active bookings per patient and appointment day.', type: 'integer', minimum: 1, maximum: 100, default: BOOKINGS_PER_DAY_DEFAULT } as const;
const hold = { description: 'How long an unpaid booking keeps its slot, minutes.', type: 'integer', minimum: 1, maximum: 60, default: HOLD_MINUTES_DEFAULT } as const;
const specialty = { description: 'Free text, e.g. a speciality of the authority.', maxLength: NAME_MAX, example: 'Cardiology' };
const id = (description: string) => ({ description, format: 'uuid' });

/** Absent means "leave as it is", null is a fault: unlike IsOptional. */
const IfGiven = () => ValidateIf((_, value: unknown) => value !== undefined);

export class AddHospitalDto {
  @ApiProperty(name('Hospital Clínico')) @SafeText(NAME_MAX)
  name: string;

  @ApiProperty(zone) @IsZone()
  zone: string;

  @ApiPropertyOptional(perDay) @IfGiven() @IsInt() @Min(1) @Max(100)
  bookingsPerPatientDayMax?: number;

  @ApiPropertyOptional(hold) @IfGiven() @IsInt() @Min(1) @Max(60)
  holdMinutes?: number;
}

export class ChangeHospitalDto {
  @ApiPropertyOptional(name('Hospital Clínico')) @IfGiven() @SafeText(NAME_MAX)
  name?: string;

  @ApiPropertyOptional({ ...zone, description: 'For sessions planned from now on.' }) @IfGiven() @IsZone()
  zone?: string;

  @ApiPropertyOptional({ ...perDay, default: undefined }) @IfGiven() @IsInt() @Min(1) @Max(100)
  bookingsPerPatientDayMax?: number;

  @ApiPropertyOptional({ ...hold, default: undefined }) @IfGiven() @IsInt() @Min(1) @Max(60)
  holdMinutes?: number;
}

export class HospitalDto {
  @ApiProperty(id('Of the hospital.')) hospitalId: string;
  @ApiProperty(name('Hospital Clínico')) name: string;
  @ApiProperty(zone) zone: string;
  @ApiProperty(perDay) bookingsPerPatientDayMax: number;
  @ApiProperty(hold) holdMinutes: number;
}

export class HospitalsDto {
  @ApiProperty({ type: [HospitalDto], description: 'By name.' }) items: HospitalDto[];
  @ApiProperty(NEXT_PROPERTY) next: string | null;
}

export class HolidayDto {
  @ApiProperty({ description: 'Local day on which templates plan nothing.', format: 'date', example: '2026-12-25' }) @IsLocalDate()
  date: string;

  @ApiProperty({ description: 'Shown to staff.', maxLength: NAME_MAX, example: 'Christmas' }) @SafeText(NAME_MAX)
  name: string;
}

export class HolidaysDto {
  @ApiProperty({ type: [HolidayDto], description: 'By date; at most 1,000.' }) items: HolidayDto[];
}

export class AddDepartmentDto {
  @ApiProperty(id('Its hospital.')) @IsTalonId()
  hospitalId: string;

  @ApiProperty(name('Cardiology')) @SafeText(NAME_MAX)
  name: string;

  @ApiPropertyOptional(specialty) @IfGiven() @SafeText(NAME_MAX)
  specialty?: string;
}

export class ChangeDepartmentDto {
  @ApiPropertyOptional(name('Cardiology')) @IfGiven() @SafeText(NAME_MAX)
  name?: string;

  @ApiPropertyOptional({ ...specialty, type: String, nullable: true, description: 'null takes it away.' }) @IsOptional() @SafeText(NAME_MAX)
  specialty?: string | null;
}

export class DepartmentDto {
  @ApiProperty(id('Of the department.')) departmentId: string;
  @ApiProperty(id('Its hospital.')) hospitalId: string;
  @ApiProperty(name('Cardiology')) name: string;
  @ApiProperty({ ...specialty, type: String, nullable: true }) specialty: string | null;
}

export class DepartmentsDto {
  @ApiProperty({ type: [DepartmentDto], description: 'By name.' }) items: DepartmentDto[];
  @ApiProperty(NEXT_PROPERTY) next: string | null;
}

export class AddDoctorDto extends AddDepartmentDto {
  @ApiProperty(id('A department of that hospital.')) @IsTalonId()
  departmentId: string;
}

export class ChangeDoctorDto extends ChangeDepartmentDto {
  @ApiPropertyOptional(id('Another department of the same hospital; planned sessions stay where they are.')) @IfGiven() @IsTalonId()
  departmentId?: string;
}

export class DoctorDto extends DepartmentDto {
  @ApiProperty(id('Of the doctor.')) doctorId: string;
}

export class DoctorsDto {
  @ApiProperty({ type: [DoctorDto], description: 'By name.' }) items: DoctorDto[];
  @ApiProperty(NEXT_PROPERTY) next: string | null;
}
