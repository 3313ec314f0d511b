import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '@talon/event-sourcing';
import { Access, ApiProblems, assertHospital, CurrentActor, Everyone, isLocalDate, OptionalIdempotencyKey, RequestMetadata } from '@talon/http';
import { type Actor, commonError } from '@talon/kernel';
import {
  AddDepartment, AddDoctor, AddHoliday, AddHospital, ChangeDepartment, ChangeDoctor, ChangeHospital, RemoveHoliday,
} from '../../application/directory.handlers';
import { GetDepartment, GetDoctor, GetHospital, ListDepartments, ListDoctors, ListHospitals } from '../../application/schedule.queries';
import type { Department } from '../../domain/department';
import type { Doctor } from '../../domain/doctor';
import { BOOKINGS_PER_DAY_DEFAULT, HOLD_MINUTES_DEFAULT, type Hospital } from '../../domain/hospital';
import {
  AddDepartmentDto, AddDoctorDto, AddHospitalDto, ChangeDepartmentDto, ChangeDoctorDto, ChangeHospitalDto, DepartmentDto, DepartmentsDto,
  DoctorDto, DoctorsDto, HolidayDto, HolidaysDto, HospitalDto, HospitalsDto,
} from './directory.dto';
import { DepartmentQuery, DoctorQuery, PageQuery, pageOf } from './list.dto';

export const KEY_HEADER = { name: 'Idempotency-Key', required: false, description: 'The same key and body create it once; a repeat gets the same answer.' };

@ApiTags('directory')
@Controller('v1/hospitals')
export class HospitalController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus, @Inject(QueryBus) private readonly queries: QueryBus) {}

  @Post()
  @Access('authority-admin')
  @ApiOperation({ summary: 'Add a hospital' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: HospitalDto })
  @ApiProblems('schedule/key-reused')
  async add(
    @Body() body: AddHospitalDto, @CurrentActor() actor: Actor, @OptionalIdempotencyKey() key: string | undefined,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<HospitalDto> {
    const { name, zone, bookingsPerPatientDayMax = BOOKINGS_PER_DAY_DEFAULT, holdMinutes = HOLD_MINUTES_DEFAULT } = body;
    const input = { name, zone, bookingsPerPatientDayMax, holdMinutes };
    const { hospitalId } = await this.commands.execute(new AddHospital(input, { subject: actor.subject, key, metadata }));
    return { hospitalId, ...input };
  }

  @Get()
  @Everyone()
  @ApiOperation({ summary: 'List hospitals' })
  @ApiOkResponse({ type: HospitalsDto })
  list(@Query() query: PageQuery): Promise<HospitalsDto> {
    return this.queries.execute(new ListHospitals(pageOf(query)));
  }

  @Get(':id')
  @Everyone()
  @ApiOperation({ summary: 'Read a hospital' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: HospitalDto })
  @ApiProblems('schedule/hospital-not-found')
  async get(@Param('id') id: string): Promise<HospitalDto> {
    return hospitalDto(await this.queries.execute(new GetHospital(id)));
  }

  @Patch(':id')
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Change a hospital', description: 'Only what is given changes. Limits hold for bookings within two seconds.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: HospitalDto })
  @ApiProblems('schedule/hospital-not-found')
  async change(
    @Param('id') id: string, @Body() body: ChangeHospitalDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<HospitalDto> {
    assertHospital(actor, id);
    await this.commands.execute(new ChangeHospital(id, { ...body }, metadata));
    return this.get(id);
  }

  @Post(':id/holidays')
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Add a holiday', description: 'Templates plan nothing on that day; sessions planned before stay. The same day again renames it.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiCreatedResponse({ type: HolidayDto })
  @ApiProblems('schedule/hospital-not-found', 'schedule/times-invalid')
  async addHoliday(
    @Param('id') id: string, @Body() body: HolidayDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<HolidayDto> {
    assertHospital(actor, id);
    await this.commands.execute(new AddHoliday(id, body.date, body.name, metadata));
    return { date: body.date, name: body.name };
  }

  @Get(':id/holidays')
  @Everyone()
  @ApiOperation({ summary: 'List holidays of a hospital' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: HolidaysDto })
  @ApiProblems('schedule/hospital-not-found')
  async holidays(@Param('id') id: string): Promise<HolidaysDto> {
    const { holidays } = await this.queries.execute(new GetHospital(id));
    return { items: [...holidays].map(([date, name]) => ({ date, name })).sort((a, b) => (a.date < b.date ? -1 : 1)) };
  }

  @Delete(':id/holidays/:date')
  @HttpCode(204)
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Remove a holiday', description: 'Templates plan that day again.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiParam({ name: 'date', format: 'date', example: '2026-12-25' })
  @ApiNoContentResponse()
  @ApiProblems('schedule/hospital-not-found', 'schedule/holiday-not-found')
  async removeHoliday(
    @Param('id') id: string, @Param('date') date: string, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<void> {
    assertHospital(actor, id);
    if (!isLocalDate(date)) {
      throw commonError('invalid-input', 'date must be a calendar day', { fields: [{ field: 'date', message: 'must be a calendar day as YYYY-MM-DD' }] });
    }
    await this.commands.execute(new RemoveHoliday(id, date, metadata));
  }
}

@ApiTags('directory')
@Controller('v1/departments')
export class DepartmentController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus, @Inject(QueryBus) private readonly queries: QueryBus) {}

  @Post()
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Add a department' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: DepartmentDto })
  @ApiProblems('schedule/key-reused', 'schedule/reference-unknown')
  async add(
    @Body() body: AddDepartmentDto, @CurrentActor() actor: Actor, @OptionalIdempotencyKey() key: string | undefined,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<DepartmentDto> {
    assertHospital(actor, body.hospitalId);
    const { hospitalId, name, specialty } = body;
    const input = { hospitalId, name, specialty };
    const { departmentId } = await this.commands.execute(new AddDepartment(input, { subject: actor.subject, key, metadata }));
    return { departmentId, hospitalId, name, specialty: specialty ?? null };
  }

  @Get()
  @Everyone()
  @ApiOperation({ summary: 'List departments' })
  @ApiOkResponse({ type: DepartmentsDto })
  list(@Query() query: DepartmentQuery): Promise<DepartmentsDto> {
    return this.queries.execute(new ListDepartments({ hospital: query.hospital }, pageOf(query)));
  }

  @Get(':id')
  @Everyone()
  @ApiOperation({ summary: 'Read a department' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: DepartmentDto })
  @ApiProblems('schedule/department-not-found')
  async get(@Param('id') id: string): Promise<DepartmentDto> {
    return departmentDto(await this.queries.execute(new GetDepartment(id)));
  }

  @Patch(':id')
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Change a department', description: 'Only what is given changes.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: DepartmentDto })
  @ApiProblems('schedule/department-not-found')
  async change(
    @Param('id') id: string, @Body() body: ChangeDepartmentDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<DepartmentDto> {
    assertHospital(actor, (await this.queries.execute(new GetDepartment(id))).hospitalId);
    await this.commands.execute(new ChangeDepartment(id, { ...body }, metadata));
    return this.get(id);
  }
}

@ApiTags('directory')
@Controller('v1/doctors')
export class DoctorController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus, @Inject(QueryBus) private readonly queries: QueryBus) {}

  @Post()
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Add a doctor' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: DoctorDto })
  @ApiProblems('schedule/key-reused', 'schedule/reference-unknown', 'schedule/not-together')
  async add(
    @Body() body: AddDoctorDto, @CurrentActor() actor: Actor, @OptionalIdempotencyKey() key: string | undefined,
    @RequestMetadata() metadata: EventMetadata,
  ): Promise<DoctorDto> {
    assertHospital(actor, body.hospitalId);
    const { hospitalId, departmentId, name, specialty } = body;
    const { doctorId } = await this.commands.execute(
      new AddDoctor({ hospitalId, departmentId, name, specialty }, { subject: actor.subject, key, metadata }),
    );
    return { doctorId, hospitalId, departmentId, name, specialty: specialty ?? null };
  }

  @Get()
  @Everyone()
  @ApiOperation({ summary: 'List doctors' })
  @ApiOkResponse({ type: DoctorsDto })
  list(@Query() query: DoctorQuery): Promise<DoctorsDto> {
    return this.queries.execute(new ListDoctors({ hospital: query.hospital, department: query.department }, pageOf(query)));
  }

  @Get(':id')
  @Everyone()
  @ApiOperation({ summary: 'Read a doctor' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: DoctorDto })
  @ApiProblems('schedule/doctor-not-found')
  async get(@Param('id') id: string): Promise<DoctorDto> {
    return doctorDto(await this.queries.execute(new GetDoctor(id)));
  }

  @Patch(':id')
  @Access('authority-admin', 'hospital-admin')
  @ApiOperation({ summary: 'Change a doctor', description: 'Only what is given changes.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: DoctorDto })
  @ApiProblems('schedule/doctor-not-found', 'schedule/reference-unknown', 'schedule/not-together')
  async change(
    @Param('id') id: string, @Body() body: ChangeDoctorDto, @CurrentActor() actor: Actor, @RequestMetadata() metadata: EventMetadata,
  ): Promise<DoctorDto> {
    assertHospital(actor, (await this.queries.execute(new GetDoctor(id))).hospitalId);
    await this.commands.execute(new ChangeDoctor(id, { ...body }, metadata));
    return this.get(id);
  }
}

const hospitalDto = ({ hospitalId, name, zone, bookingsPerPatientDayMax, holdMinutes }: Hospital): HospitalDto => ({
  hospitalId, name, zone, bookingsPerPatientDayMax, holdMinutes,
});
const departmentDto = ({ departmentId, hospitalId, name, specialty }: Department): DepartmentDto => ({ departmentId, hospitalId, name, specialty });
const doctorDto = ({ doctorId, hospitalId, departmentId, name, specialty }: Doctor): DoctorDto => ({ doctorId, hospitalId, departmentId, name, specialty });
