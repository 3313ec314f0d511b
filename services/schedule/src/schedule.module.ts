import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { ServiceDefinition } from '@talon/platform';
import { Feeds } from '@talon/read-model';
import { DepartmentController, DoctorController, HospitalController } from './adapters/http/directory.controller';
import { AvailabilityController, SessionController } from './adapters/http/session.controller';
import { TemplateController } from './adapters/http/template.controller';
import { SlotStockClient } from './adapters/inventory/slot-stock.client';
import { InboundRpc } from './adapters/messaging/inbound-rpc';
import { scheduleOutbound } from './adapters/messaging/outbound';
import { Reactions } from './adapters/messaging/reactions';
import { PlannerTimer } from './adapters/planner/planner.timer';
import { SCHEDULE_ENTITIES } from './adapters/read-models/schedule-lists.entity';
import { scheduleListsProjection } from './adapters/read-models/schedule-lists.projection';
import { ScheduleListsQuery } from './adapters/read-models/schedule-lists.query';
import { DIRECTORY_HANDLERS } from './application/directory.handlers';
import { ScheduleLists, SlotStock } from './application/ports';
import { SCHEDULE_QUERIES } from './application/schedule.queries';
import { ScheduleStreams } from './application/schedule-streams';
import { SessionAnswers } from './application/session-answers';
import { SESSION_HANDLERS } from './application/session.handlers';
import { SessionPlanning } from './application/session-planning';
import { TEMPLATE_HANDLERS } from './application/template.handlers';
import { TemplatePlanner } from './application/template-planner';
import { ScheduleLists1764000100000 } from './migrations/schedule-lists-1764000100000';

@Module({
  imports: [CqrsModule],
  controllers: [HospitalController, DepartmentController, DoctorController, SessionController, AvailabilityController, TemplateController],
  providers: [
    ScheduleStreams,
    SessionPlanning,
    SessionAnswers,
    TemplatePlanner,
    { provide: SlotStock, useClass: SlotStockClient },
    { provide: ScheduleLists, useClass: ScheduleListsQuery },
    InboundRpc,
    Reactions,
    PlannerTimer,
    ...DIRECTORY_HANDLERS,
    ...SESSION_HANDLERS,
    ...TEMPLATE_HANDLERS,
    ...SCHEDULE_QUERIES,
  ],
})
export class ScheduleModule implements OnModuleInit {
  constructor(@Inject(Feeds) private readonly feeds: Feeds) {}

  onModuleInit() {
    this.feeds.addProjection(scheduleListsProjection);
  }
}

export const scheduleService: ServiceDefinition = {
  name: 'schedule',
  module: ScheduleModule,
  entities: SCHEDULE_ENTITIES,
  migrations: [ScheduleLists1764000100000],
  outbound: scheduleOutbound,
};

export { hospitalCodec } from './domain/hospital';
export { sessionCodec } from './domain/session';
export { plannedSlots } from './domain/session-plan';
