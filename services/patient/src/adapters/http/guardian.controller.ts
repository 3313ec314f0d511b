import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBearerAuth, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '@talon/event-sourcing';
import { Access, ApiProblems, CurrentActor, RequestMetadata } from '@talon/http';
import type { Actor } from '@talon/kernel';
import { AddGuardian, ListGuardians, RevokeGuardian } from '../../application/guardian.handlers';
import { AddGuardianDto, GuardianDto, GuardiansDto } from './patient.dto';

@ApiTags('patients')
@ApiBearerAuth()
@Controller('v1/patients/:id/guardians')
@Access('patient', 'registrar', 'hospital-admin', 'authority-admin')
export class GuardianController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Let somebody act for a patient', description: 'By the patient, a guardian with scope `manage`, or staff. The same guardian again: the new scope and end replace the old ones.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiCreatedResponse({ type: GuardianDto })
  @ApiProblems('patient/not-found', 'patient/erased', 'patient/guardian-self', 'patient/guardian-unknown', 'patient/guardian-expired', 'patient/too-many-guardians')
  add(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() { guardianId, scope, expiresAt }: AddGuardianDto,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<GuardianDto> {
    // Instants are kept in UTC with milliseconds, so that text order is time order.
    const ends = expiresAt ? new Date(expiresAt).toISOString() : null;
    return this.commands.execute(new AddGuardian(actor, id, { guardianId, scope, expiresAt: ends }, metadata));
  }

  @Get()
  @ApiOperation({ summary: 'List who may act for a patient', description: 'Grants that hold now.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: GuardiansDto })
  @ApiProblems('patient/not-found', 'patient/erased')
  async list(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<GuardiansDto> {
    return { items: await this.queries.execute(new ListGuardians(actor, id)) };
  }

  @Delete(':guardianId')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a guardianship', description: 'At once. A repeat is fine. Guardians may give up their own.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiParam({ name: 'guardianId', format: 'uuid' })
  @ApiNoContentResponse()
  @ApiProblems('patient/not-found', 'patient/erased')
  async revoke(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('guardianId') guardianId: string,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<void> {
    await this.commands.execute(new RevokeGuardian(actor, id, guardianId, metadata));
  }
}
