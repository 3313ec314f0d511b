import { Module } from '@nestjs/common';
import { bookingService } from '@talon/booking';
import { inventoryService } from '@talon/inventory';
import { patientService } from '@talon/patient';
import type { ServiceDefinition } from '@talon/platform';
import { scheduleService } from '@talon/schedule';
import { EventsController, OUTBOUNDS } from './adapters/http/events.controller';
import { RehearsalController } from './adapters/http/rehearsal.controller';

/** Every service of the platform, together in one process. */
export const SERVICES: ServiceDefinition[] = [scheduleService, inventoryService, patientService, bookingService];

const outbounds = SERVICES.flatMap(({ outbound }) => (outbound ? [outbound] : []));

/** What only exists where all services are together. */
@Module({
  controllers: [EventsController, RehearsalController],
  providers: [{ provide: OUTBOUNDS, useValue: outbounds }],
})
export class StandaloneModule {}
