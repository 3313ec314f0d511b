import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '@talon/event-sourcing';
import { Access, ApiProblems, CurrentActor, IdempotencyKey, RequestMetadata } from '@talon/http';
import type { Actor } from '@talon/kernel';
import { ListDependants } from '../../application/guardian.handlers';
import { ChangePatient, ErasePatient, ReadPatient } from '../../application/patient.handlers';
import { RegisterPatient } from '../../application/register-patient.handler';
import type { Person } from '../../domain/person';
import { ChangePatientDto, DependantsDto, DependantsQueryDto, PatientDto, RegisterPatientDto, RegisteredDto } from './patient.dto';

const DEPENDANTS_DEFAULT = 100;

@ApiTags('patients')
@ApiBearerAuth()
@Controller('v1/patients')
export class PatientController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Post()
  @Access('patient', 'registrar', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({
    summary: 'Register a patient',
    description: 'A patient whose token names no patient registers themself, else a dependant and becomes its guardian. Staff and portals register anybody. Personal data is encrypted with a key per person.',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: true, description: 'The same key and body give the same patient.' })
  @ApiCreatedResponse({ type: RegisteredDto })
  @ApiProblems('patient/already-registered', 'patient/key-reused', 'patient/erased', 'patient/guardian-unknown')
  register(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string,
    @Body() body: RegisterPatientDto,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<RegisteredDto> {
    const person = { documents: [], contacts: [], ...personFields(body) } as Person;
    return this.commands.execute(new RegisterPatient(actor, key, person, metadata));
  }

  @Get()
  @Access('patient')
  @ApiOperation({ summary: 'List the patients I may act for', description: 'Ids and scopes; may be a second behind.' })
  @ApiOkResponse({ type: DependantsDto })
  async dependants(@CurrentActor() actor: Actor, @Query() query: DependantsQueryDto): Promise<DependantsDto> {
    const limit = query.limit ?? DEPENDANTS_DEFAULT;
    const items = await this.queries.execute(new ListDependants(actor, limit, query.after));
    return { items, next: items.length === limit ? items.at(-1)!.patientId : null };
  }

  @Get(':id')
  @Access('patient', 'registrar', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({ summary: 'Read a patient', description: 'The patient, guardians with scope `read` or `manage`, staff, and the portal that registered the patient.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: PatientDto })
  @ApiProblems('patient/not-found', 'patient/erased')
  read(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<PatientDto> {
    return this.queries.execute(new ReadPatient(actor, id));
  }

  @Patch(':id')
  @Access('patient', 'registrar', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({ summary: 'Change a patient', description: 'Fields that are sent replace what was there. A repeat changes nothing.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: PatientDto })
  @ApiProblems('patient/not-found', 'patient/erased', 'patient/already-registered')
  change(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: ChangePatientDto,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<PatientDto> {
    return this.commands.execute(new ChangePatient(actor, id, personFields(body), metadata));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('patient', 'authority-admin')
  @ApiOperation({ summary: 'Erase a patient', description: 'Destroys the personal data for good; bookings stay, without a name. A repeat is fine.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiNoContentResponse()
  @ApiProblems('patient/not-found')
  async erase(@CurrentActor() actor: Actor, @Param('id') id: string, @RequestMetadata() metadata: EventMetadata): Promise<void> {
    await this.commands.execute(new ErasePatient(actor, id, metadata));
  }
}

/** Only the fields that were sent, as plain objects in a fixed order, so that equal bodies compare and hash equal. */
function personFields({ name, birthDate, documents, contacts }: ChangePatientDto): Partial<Person> {
  return {
    ...(name && { name: { family: name.family, given: name.given } }),
    ...(birthDate !== undefined && { birthDate }),
    ...(documents && { documents: documents.map(({ kind, number }) => ({ kind, number })) }),
    ...(contacts && { contacts: contacts.map(({ kind, value }) => ({ kind, value })) }),
  };
}
