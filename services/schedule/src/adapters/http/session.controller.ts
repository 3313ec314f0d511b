import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '@talon/event-sourcing';
import { Access, ApiProblems, assertHospital, CurrentActor, Everyone, OptionalIdempotencyKey, RequestMetadata } from '@talon/http';
import { type Actor, Clock, isDomainError, type Money } from '@talon/kernel';
import { FindAvailability, GetDoctor, GetSession, statusOf, ViewSession } from '../../application/schedule.queries';
import { AddSlots, PlanSession, ResumeSession, SuspendSession, WithdrawSlots } from '../../application/session.handlers';
import { liveSlots, type Session } from '../../domain/session';
import { KEY_HEADER } from './directory.controller';
import { AvailabilityQuery, pageOf } from './list.dto';
import {
  AddedSlotsDto, AddSlotsDto, AvailabilityDto, InEffectDto, PlanSessionDto, SessionDto, SessionWithSlotsDto, SuspendDto, WithdrawDto, WithdrawnDto,
} from './session.dto';

@ApiTags('sessions')
@Controller('v1/sessions')
export class SessionController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Post()
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Plan a session', description: 'A doctor cannot have two sessions at once; sessions that have ended cannot be planned.' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: SessionDto })
  @ApiProblems(
    'schedule/key-reused', 'schedule/reference-unknown', 'schedule/not-together', 'schedule/time-not-real', 'schedule/times-invalid',
    'schedule/slots-invalid', 'schedule/opens-too-late', 'schedule/session-over', 'schedule/doctor-busy',
  )
  async plan(
    @Body() body: PlanSessionDto, @CurrentActor() actor: Actor, @OptionalIdempotencyKey() key: string | undefined,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<SessionDto> {
    await assertDoctorsHospital(this.queries, actor, body.doctorId);
    const { doctorId, departmentId, date, zone, start, end, slotMinutes, tickets, price, opensAt } = body;
    const sizes = { slotMinutes: slotMinutes ?? undefined, tickets: tickets ?? undefined };
    const input = { doctorId, departmentId, date, zone: zone ?? undefined, start, end, ...sizes, price: moneyOf(price), opensAt: instantOrNull(opensAt) };
    const session = await this.commands.execute(new PlanSession(input, { subject: actor.subject, key, metadata }));
    return this.dto(session);
  }

  @Get(':id')
  @Everyone()
  @ApiOperation({ summary: 'Read a session and its slots' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: SessionWithSlotsDto })
  @ApiProblems('schedule/session-not-found')
  async get(@Param('id') id: string): Promise<SessionWithSlotsDto> {
    const { session, slots } = await this.queries.execute(new ViewSession(id));
    return { ...this.dto(session), slots };
  }

  @Post(':id/slots')
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Add slots', description: 'They lie within the session and get the next numbers.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: AddedSlotsDto })
  @ApiProblems(
    'schedule/session-not-found', 'schedule/key-reused', 'schedule/time-not-real', 'schedule/times-invalid', 'schedule/slots-invalid',
    'schedule/session-over',
  )
  async addSlots(
    @Param('id') id: string, @Body() body: AddSlotsDto, @CurrentActor() actor: Actor, @OptionalIdempotencyKey() key: string | undefined,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<AddedSlotsDto> {
    await this.assertOwn(actor, id);
    const slots = body.slots?.map(({ start, end }) => ({ start, end }));
    const input = { slots, count: body.count ?? undefined, reason: body.reason };
    return this.commands.execute(new AddSlots(id, input, { subject: actor.subject, key, metadata }));
  }

  @Post(':id/withdrawals')
  @HttpCode(200)
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Withdraw free slots', description: 'For good. Those that somebody has stay and are listed. A repeat answers alike.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: WithdrawnDto })
  @ApiProblems('schedule/session-not-found', 'schedule/slots-unknown', 'schedule/slots-taken')
  async withdraw(
    @Param('id') id: string, @Body() body: WithdrawDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<WithdrawnDto> {
    await this.assertOwn(actor, id);
    return this.commands.execute(new WithdrawSlots(id, body.numbers, body.reason, metadata));
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Stop a clinic', description: 'No new bookings until it is resumed; existing ones stay. A repeat changes nothing.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: InEffectDto })
  @ApiProblems('schedule/session-not-found', 'schedule/session-over')
  async suspend(
    @Param('id') id: string, @Body() body: SuspendDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<InEffectDto> {
    await this.assertOwn(actor, id);
    return this.commands.execute(new SuspendSession(id, body.reason, metadata));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Resume a suspended session', description: 'A repeat changes nothing.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: InEffectDto })
  @ApiProblems('schedule/session-not-found', 'schedule/session-over')
  async resume(@Param('id') id: string, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata): Promise<InEffectDto> {
    await this.assertOwn(actor, id);
    return this.commands.execute(new ResumeSession(id, metadata));
  }

  private async assertOwn(actor: Actor, sessionId: string) {
    assertHospital(actor, (await this.queries.execute(new GetSession(sessionId))).plan.hospitalId);
  }

  private dto(session: Session): SessionDto {
    const { sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, price, opensAt, slotMinutes, templateId } = session.plan;
    const status = statusOf({ endsAt, opensAt, suspended: session.suspended }, this.clock.now());
    const slotCount = liveSlots(session).length;
    return { sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, price, opensAt, slotMinutes, slotCount, status, templateId };
  }
}

@ApiTags('sessions')
@Controller('v1/availability')
export class AvailabilityController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @Everyone()
  @ApiOperation({ summary: 'Find sessions with their free slots', description: 'In order of start; usually milliseconds behind.' })
  @ApiOkResponse({ type: AvailabilityDto })
  find(@Query() query: AvailabilityQuery): Promise<AvailabilityDto> {
    const { hospital, department, doctor, from, to } = query;
    return this.queries.execute(new FindAvailability({ hospital, department, doctor, from, to }, pageOf(query)));
  }
}

/** Passes an unknown doctor: the command refuses it by name of the field. */
export async function assertDoctorsHospital(queries: QueryBus, actor: Actor, doctorId: string): Promise<void> {
  try {
    assertHospital(actor, (await queries.execute(new GetDoctor(doctorId))).hospitalId);
  } catch (error) {
    if (!isDomainError(error, 'schedule/doctor-not-found')) throw error;
  }
}

/** A plain object: what is recorded must not carry a DTO's class. */
export const moneyOf = (price: Money | null | undefined): Money | null => (price ? { amountMinor: price.amountMinor, currency: price.currency } : null);

/** UTC with milliseconds, so that text order is time order. */
const instantOrNull = (instant: string | undefined): string | null => (instant ? new Date(instant).toISOString() : null);
