import { Command, CommandHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { fieldFault } from '../domain/errors';
import type { TemplateRules } from '../domain/template';
import { type Caller, creationOf } from './creation';
import { freshly, ScheduleStreams } from './schedule-streams';
import { type PlanningResult, TemplatePlanner } from './template-planner';

/** Sessions planned before the request is answered; the planner's timer does the rest. */
const PLAN_PER_REQUEST_MAX = 100;

export interface TemplateInput extends Omit<TemplateRules, 'zone'> {
  doctorId: string;
  departmentId: string;
  /** Absent: the hospital's. */
  zone?: string;
}

/** Plans at once what is due. @throws schedule/key-reused, reference-unknown, not-together, times-invalid, slots-invalid, opens-too-late */
export class CreateTemplate extends Command<{ templateId: string } & PlanningResult> {
  constructor(readonly input: TemplateInput, readonly caller: Caller) { super(); }
}
/** Sessions that are planned already stay as they are. @throws schedule/template-not-found, template-ended and as CreateTemplate */
export class ChangeTemplate extends Command<PlanningResult> {
  constructor(readonly templateId: string, readonly change: Partial<TemplateRules>, readonly metadata: EventMetadata) { super(); }
}
/** Nothing more is planned; planned sessions stay. A repeat changes nothing. @throws schedule/template-not-found */
export class EndTemplate extends Command<void> {
  constructor(readonly templateId: string, readonly metadata: EventMetadata) { super(); }
}

@CommandHandler(CreateTemplate)
export class CreateTemplateHandler {
  constructor(private readonly streams: ScheduleStreams, private readonly planner: TemplatePlanner) {}

  async execute({ input, caller }: CreateTemplate) {
    const { id: templateId, requestHash, metadata } = creationOf('template', caller, input);
    const [doctor, department, known] = await Promise.all([
      this.streams.doctor(input.doctorId), this.streams.department(input.departmentId), this.streams.template(templateId),
    ]);
    if (!doctor.state) throw fieldFault('reference-unknown', 'doctorId', 'names no doctor');
    if (!department.state) throw fieldFault('reference-unknown', 'departmentId', 'names no department');
    if (!known.state && doctor.state.departmentId !== input.departmentId) {
      throw fieldFault('not-together', 'departmentId', "is not the doctor's department");
    }
    const { hospitalId } = doctor.state;
    const zone = input.zone ?? known.state?.zone ?? (await this.streams.hospital(hospitalId)).state?.zone ?? 'UTC';
    const { doctorId, departmentId, entries, validFrom, validTo, exceptions, planDaysAhead, opens } = input;
    const rules = { zone, entries, validFrom, validTo, exceptions, planDaysAhead, opens };
    const data = { templateId, hospitalId, departmentId, doctorId, ...rules, requestHash };
    await this.streams.toTemplate(templateId, { type: 'CreateTemplate', data }, metadata);
    return { templateId, ...(await this.planner.planTemplate(templateId, PLAN_PER_REQUEST_MAX)) };
  }
}

@CommandHandler(ChangeTemplate)
export class ChangeTemplateHandler {
  constructor(private readonly streams: ScheduleStreams, private readonly planner: TemplatePlanner) {}
  async execute({ templateId, change, metadata }: ChangeTemplate) {
    await this.streams.toTemplate(templateId, { type: 'ChangeTemplate', data: { ...change, templateId } }, freshly(metadata));
    return this.planner.planTemplate(templateId, PLAN_PER_REQUEST_MAX);
  }
}

@CommandHandler(EndTemplate)
export class EndTemplateHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ templateId, metadata }: EndTemplate) {
    await this.streams.toTemplate(templateId, { type: 'EndTemplate', data: { templateId } }, freshly(metadata));
  }
}

export const TEMPLATE_HANDLERS = [CreateTemplateHandler, ChangeTemplateHandler, EndTemplateHandler];
