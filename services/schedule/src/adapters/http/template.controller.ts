import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '@talon/event-sourcing';
import { Access, ApiProblems, assertHospital, CurrentActor, OptionalIdempotencyKey, RequestMetadata } from '@talon/http';
import type { Actor } from '@talon/kernel';
import { GetTemplate, ListTemplates } from '../../application/schedule.queries';
import { ChangeTemplate, CreateTemplate, EndTemplate } from '../../application/template.handlers';
import type { Template, TemplateEntry, TemplateRules } from '../../domain/template';
import { KEY_HEADER } from './directory.controller';
import { pageOf, TemplateQuery } from './list.dto';
import { assertDoctorsHospital, moneyOf } from './session.controller';
import { ChangeTemplateDto, CreateTemplateDto, type EntryDto, TemplateDto, TemplatesDto } from './template.dto';

const DAYS_AHEAD_DEFAULT = 28;
const SKIPPED_SHOWN_MAX = 100;

@ApiTags('templates')
@Controller('v1/templates')
@Access('authority-admin', 'hospital-admin')
export class TemplateController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus, @Inject(QueryBus) private readonly queries: QueryBus) {}

  @Post()
  @ApiOperation({
    summary: 'Create a weekly template',
    description: 'Plans sessions `planDaysAhead` days ahead, at once and then day by day. What cannot be planned is listed in `skipped`.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: TemplateDto })
  @ApiProblems(
    'schedule/key-reused', 'schedule/reference-unknown', 'schedule/not-together', 'schedule/times-invalid', 'schedule/slots-invalid',
    'schedule/opens-too-late',
  )
  async create(
    @Body() body: CreateTemplateDto, @CurrentActor() actor: Actor, @OptionalIdempotencyKey() key: string | undefined,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<TemplateDto> {
    await assertDoctorsHospital(this.queries, actor, body.doctorId);
    const { doctorId, departmentId, zone, validFrom, validTo = null, exceptions = [], planDaysAhead = DAYS_AHEAD_DEFAULT } = body;
    const rules = { zone, validFrom, validTo, exceptions, planDaysAhead, entries: body.entries.map(entryOf), opens: opensOf(body.opens) ?? null };
    const { templateId } = await this.commands.execute(
      new CreateTemplate({ doctorId, departmentId, ...rules }, { subject: actor.subject, key, metadata }),
    );
    return this.read(templateId);
  }

  @Get()
  @ApiOperation({ summary: 'List templates' })
  @ApiOkResponse({ type: TemplatesDto })
  async list(@Query() query: TemplateQuery, @CurrentActor() actor: Actor): Promise<TemplatesDto> {
    if (query.hospital !== undefined) assertHospital(actor, query.hospital);
    const { items, next } = await this.queries.execute(new ListTemplates({ hospital: query.hospital, doctor: query.doctor }, pageOf(query)));
    const everywhere = actor.roles.includes('authority-admin');
    return { items: items.filter(({ hospitalId }) => everywhere || actor.hospitalIds.includes(hospitalId)).map(templateDto), next };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a template' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: TemplateDto })
  @ApiProblems('schedule/template-not-found')
  async get(@Param('id') id: string, @CurrentActor() actor: Actor): Promise<TemplateDto> {
    await this.assertOwn(actor, id);
    return this.read(id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a template', description: 'Only what is given changes; sessions that are planned already stay as they are.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: TemplateDto })
  @ApiProblems('schedule/template-not-found', 'schedule/template-ended', 'schedule/times-invalid', 'schedule/slots-invalid', 'schedule/opens-too-late')
  async change(
    @Param('id') id: string, @Body() body: ChangeTemplateDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<TemplateDto> {
    await this.assertOwn(actor, id);
    const { zone, validFrom, validTo, exceptions, planDaysAhead } = body;
    const weekly = { entries: body.entries?.map(entryOf), opens: opensOf(body.opens) };
    const change: Partial<TemplateRules> = { zone, validFrom, validTo, exceptions, planDaysAhead, ...weekly };
    await this.commands.execute(new ChangeTemplate(id, change, metadata));
    return this.read(id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a template', description: 'Nothing more is planned; planned sessions stay. A repeat changes nothing.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiNoContentResponse()
  @ApiProblems('schedule/template-not-found')
  async end(@Param('id') id: string, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata): Promise<void> {
    await this.assertOwn(actor, id);
    await this.commands.execute(new EndTemplate(id, metadata));
  }

  private async assertOwn(actor: Actor, templateId: string) {
    assertHospital(actor, (await this.queries.execute(new GetTemplate(templateId))).hospitalId);
  }

  private async read(id: string): Promise<TemplateDto> {
    return templateDto(await this.queries.execute(new GetTemplate(id)));
  }
}

/** Plain objects: what is recorded must not carry a DTO's class. */
const entryOf = ({ weekday, start, end, slotMinutes, tickets, price }: EntryDto): TemplateEntry => ({
  weekday, start, end, price: moneyOf(price), ...(slotMinutes !== undefined && { slotMinutes }), ...(tickets !== undefined && { tickets }),
});

/** undefined: not given; null: as soon as planned. */
const opensOf = (opens: { daysBefore: number; time: string } | null | undefined) => opens && { daysBefore: opens.daysBefore, time: opens.time };

function templateDto({ requestHash: _, skipped, ...template }: Template): TemplateDto {
  return { ...template, skipped: skipped.slice(-SKIPPED_SHOWN_MAX) };
}
