import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { GUARDIAN_SCOPES, type GuardianScope } from '@talon/contracts';
import { IsInstant, IsLocalDate, IsTalonId, SafeText } from '@talon/http';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsDefined, IsIn, IsInt, IsObject, IsOptional, Matches, Max, Min, ValidateBy, ValidateIf, ValidateNested, isEmail } from 'class-validator';

const DOCUMENTS_MAX = 10;
const CONTACTS_MAX = 10;
const NAME_LENGTH_MAX = 200;
const PHONE = /^\+[1-9][0-9]{6,14}$/;

/** Absent is fine, null is not: a field cannot be taken away by sending nothing in it. */
const IfPresent = () => ValidateIf((_, value) => value !== undefined);

/** A phone number in E.164 or an e-mail address, as `kind` says. The message never repeats the value. */
const IsContactValue = () =>
  ValidateBy({
    name: 'isContactValue',
    validator: {
      validate: (value: unknown, args) => {
        if (typeof value !== 'string') return false;
        return (args?.object as ContactDto).kind === 'email' ? value.length <= 254 && isEmail(value) : PHONE.test(value);
      },
      defaultMessage: () => 'must be a phone number like +34911234567, or an e-mail address, as `kind` says',
    },
  });

export class NameDto {
  @ApiProperty({ example: 'Pérez García', maxLength: NAME_LENGTH_MAX })
  @SafeText(NAME_LENGTH_MAX)
  family: string;

  @ApiProperty({ example: 'Lucía', maxLength: NAME_LENGTH_MAX })
  @SafeText(NAME_LENGTH_MAX)
  given: string;
}

export class DocumentDto {
  @ApiProperty({ example: 'passport', pattern: '^[a-z0-9-]{1,40}$' })
  @Matches(/^[a-z0-9-]{1,40}$/, { message: 'must be 1 to 40 of a-z, 0-9 and dash' })
  kind: string;

  @ApiProperty({ example: 'XDA123456', maxLength: 64, description: 'Two spellings that differ in case, spaces or dashes are one document.' })
  @SafeText(64)
  number: string;
}

export class ContactDto {
  @ApiProperty({ enum: ['phone', 'email'] })
  @IsIn(['phone', 'email'])
  kind: 'phone' | 'email';

  @ApiProperty({ example: '+34911234567', maxLength: 254 })
  @IsContactValue()
  value: string;
}

export class RegisterPatientDto {
  @ApiProperty({ type: NameDto })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => NameDto)
  name: NameDto;

  @ApiProperty({ format: 'date', example: '1984-06-30', description: 'Not before 1900-01-01, not in the future.' })
  @IsLocalDate()
  birthDate: string;

  @ApiPropertyOptional({ type: [DocumentDto], maxItems: DOCUMENTS_MAX })
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(DOCUMENTS_MAX)
  @ValidateNested({ each: true })
  @Type(() => DocumentDto)
  documents?: DocumentDto[];

  @ApiPropertyOptional({ type: [ContactDto], maxItems: CONTACTS_MAX })
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(CONTACTS_MAX)
  @ValidateNested({ each: true })
  @Type(() => ContactDto)
  contacts?: ContactDto[];
}

/** Fields that are sent replace what was there; the others stay. */
export class ChangePatientDto {
  @ApiPropertyOptional({ type: NameDto })
  @IfPresent()
  @IsObject()
  @ValidateNested()
  @Type(() => NameDto)
  name?: NameDto;

  @ApiPropertyOptional({ format: 'date', example: '1984-06-30' })
  @IfPresent()
  @IsLocalDate()
  birthDate?: string;

  @ApiPropertyOptional({ type: [DocumentDto], maxItems: DOCUMENTS_MAX })
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(DOCUMENTS_MAX)
  @ValidateNested({ each: true })
  @Type(() => DocumentDto)
  documents?: DocumentDto[];

  @ApiPropertyOptional({ type: [ContactDto], maxItems: CONTACTS_MAX })
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(CONTACTS_MAX)
  @ValidateNested({ each: true })
  @Type(() => ContactDto)
  contacts?: ContactDto[];
}

export class RegisteredDto {
  @ApiProperty({ format: 'uuid' })
  patientId: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The caller, when they registered a dependant: guardian with scope `manage`.' })
  guardianId: string | null;
}

export class PatientDto {
  @ApiProperty({ format: 'uuid' })
  patientId: string;

  @ApiProperty({ type: NameDto })
  name: NameDto;

  @ApiProperty({ format: 'date' })
  birthDate: string;

  @ApiProperty({ type: [DocumentDto] })
  documents: DocumentDto[];

  @ApiProperty({ type: [ContactDto] })
  contacts: ContactDto[];

  @ApiProperty({ minimum: 1, description: 'Grows with every change.' })
  version: number;
}

export class AddGuardianDto {
  @ApiProperty({ format: 'uuid', description: 'The patient who may act.' })
  @IsTalonId()
  guardianId: string;

  @ApiProperty({ enum: GUARDIAN_SCOPES, description: '`read`: see bookings and record; `book`: make, see, change and cancel bookings; `manage`: all of it, and change the record.' })
  @IsIn(GUARDIAN_SCOPES)
  scope: GuardianScope;

  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true, example: '2027-01-01T00:00:00.000Z', description: 'From this instant on the grant does not hold; absent or null: until revoked.' })
  @IsOptional()
  @IsInstant()
  expiresAt?: string | null;
}

export class GuardianDto {
  @ApiProperty({ format: 'uuid' })
  guardianId: string;

  @ApiProperty({ enum: GUARDIAN_SCOPES })
  scope: GuardianScope;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: string | null;
}

export class GuardiansDto {
  @ApiProperty({ type: [GuardianDto] })
  items: GuardianDto[];
}

export class DependantsQueryDto {
  @ApiProperty({ enum: ['me'], description: 'Whose dependants: `me` is the patient of the token.' })
  @IsIn(['me'])
  guardian: 'me';

  @ApiPropertyOptional({ minimum: 1, maximum: 500, default: 100 })
  @IfPresent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  @ApiPropertyOptional({ format: 'uuid', description: '`next` of the page before.' })
  @IfPresent()
  @IsTalonId()
  after?: string;
}

export class DependantDto {
  @ApiProperty({ format: 'uuid' })
  patientId: string;

  @ApiProperty({ enum: GUARDIAN_SCOPES })
  scope: GuardianScope;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: string | null;
}

export class DependantsDto {
  @ApiProperty({ type: [DependantDto] })
  items: DependantDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Send as `after` for the next page; null on the last one.' })
  next: string | null;
}
