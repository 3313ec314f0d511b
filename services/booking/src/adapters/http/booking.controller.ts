import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '@talon/event-sourcing';
import { Access, ApiProblems, CurrentActor, IdempotencyKey, OptionalIdempotencyKey, RequestMetadata } from '@talon/http';
import { type Actor, commonError } from '@talon/kernel';
import { CancelBookingOf, ListBookings, ReadBooking, RequestBooking, RescheduleBookingOf } from '../../application/requests';
import { BookingDto, BookingListQueryDto, BookingPageDto, CancelBookingDto, LIST_LIMIT_DEFAULT, RequestBookingDto, RescheduleBookingDto } from './booking.dto';

@ApiTags('bookings')
@ApiBearerAuth()
@Controller('v1/bookings')
export class BookingController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post()
  @Access('patient', 'registrar', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({
    summary: 'Book a slot',
    description: 'Patients book for themselves and for those they may act for, staff in their hospitals, portals for anybody. The same key and body give the same booking. Refusals of the session itself (sold out, not open, suspended, over) have codes `inventory/…`.',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: true, description: 'Names this request; the same one when you repeat it.' })
  @ApiCreatedResponse({ type: BookingDto })
  @ApiProblems(
    'booking/in-progress', 'booking/session-unknown', 'booking/not-your-patient', 'booking/patient-unknown', 'booking/key-reused', 'booking/abandoned', 'booking/day-limit',
  )
  book(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string,
    @Body() { patientId, sessionId, slot }: RequestBookingDto,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<BookingDto> {
    const body = slot === undefined ? { patientId, sessionId } : { patientId, sessionId, slot };
    return this.commands.execute(new RequestBooking({ actor, key, body, metadata }));
  }

  @Get()
  @Access('patient', 'registrar', 'doctor', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({
    summary: 'List bookings of a patient or a session',
    description: 'In order of the visit; a moment behind. Staff see those of their hospitals, portals those they made.',
  })
  @ApiOkResponse({ type: BookingPageDto })
  @ApiProblems('booking/session-unknown')
  async list(@CurrentActor() actor: Actor, @Query() { patient, session, limit, after }: BookingListQueryDto): Promise<BookingPageDto> {
    if (patient === undefined && session === undefined) {
      const fields = [{ field: 'patient', message: 'name a patient or a session' }];
      throw commonError('invalid-input', 'Say whose bookings: ?patient= or ?session=', { fields });
    }
    const filter = { patientId: patient, sessionId: session, limit: limit ?? LIST_LIMIT_DEFAULT, after };
    return this.queries.execute(new ListBookings(actor, filter));
  }

  @Get(':id')
  @Access('patient', 'registrar', 'doctor', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({ summary: 'Read a booking', description: 'As it is now. A booking that the caller may not see does not exist for them.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: BookingDto })
  @ApiProblems('booking/not-found')
  read(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<BookingDto> {
    return this.queries.execute(new ReadBooking(actor, id));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Access('patient', 'registrar', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({ summary: 'Cancel a booking', description: 'Until the slot starts, with a numbered ticket until the session ends. A repeat gets the same answer.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiOkResponse({ type: BookingDto })
  @ApiProblems('booking/not-found', 'booking/ended', 'booking/too-late')
  cancel(
    @CurrentActor() actor: Actor,
    @Param('id') bookingId: string,
    @OptionalIdempotencyKey() key: string | undefined,
    @Body() { reason }: CancelBookingDto,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<BookingDto> {
    return this.commands.execute(new CancelBookingOf({ actor, bookingId, reason, key, metadata }));
  }

  @Post(':id/reschedule')
  @HttpCode(200)
  @Access('patient', 'registrar', 'portal', 'hospital-admin', 'authority-admin')
  @ApiOperation({
    summary: 'Move a booking to another slot',
    description: 'The new slot is taken first and the old one given back in the same decision: never both, never neither. Already there: the same answer.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: BookingDto })
  @ApiProblems(
    'booking/session-unknown', 'booking/not-found', 'booking/not-your-patient', 'booking/ended', 'booking/too-late', 'booking/other-price', 'booking/day-limit',
  )
  reschedule(
    @CurrentActor() actor: Actor,
    @Param('id') bookingId: string,
    @Body() { sessionId, slot }: RescheduleBookingDto,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<BookingDto> {
    return this.commands.execute(new RescheduleBookingOf({ actor, bookingId, sessionId, slot, metadata }));
  }
}
