import { Module, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '@talon/event-sourcing';
import { Clock, Rpc } from '@talon/kernel';
import type { ServiceDefinition } from '@talon/platform';
import { Feeds } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import { DataSource } from 'typeorm';
import { BookingController } from './adapters/http/booking.controller';
import { InventoryClient } from './adapters/inventory/inventory.client';
import { ExpiryTimer } from './adapters/messaging/expiry.timer';
import { followUpReaction } from './adapters/messaging/inbound';
import { serveBookingRpc } from './adapters/messaging/inbound-rpc';
import { bookingOutbound } from './adapters/messaging/outbound';
import { PatientClient } from './adapters/patient/patient.client';
import { BookingListRow } from './adapters/read-models/booking-list.entity';
import { bookingListProjection } from './adapters/read-models/booking-list.projection';
import { ActiveBookingsQuery, BookingListsQuery } from './adapters/read-models/booking-list.query';
import { RedisPatientClaims } from './adapters/redis/redis-patient-claims';
import { ScheduleClient } from './adapters/schedule/schedule.client';
import { BookingAccess } from './application/booking-access';
import { ListBookingsHandler, ReadBookingHandler } from './application/booking-reads.handlers';
import { BookingStreams } from './application/booking-streams';
import { CancelBookingHandler, RescheduleBookingHandler } from './application/change-booking.handlers';
import { DayClaims } from './application/day-claims';
import { ExpireBookings } from './application/expire-bookings';
import { FollowUp } from './application/follow-up';
import { OrphanSlots } from './application/orphan-slots';
import { ActiveBookings, BookingLists, PatientClaims, PatientDirectory, SessionCatalog, SlotInventory } from './application/ports';
import { RequestBookingHandler } from './application/request-booking.handler';
import { BookingList1764000200000 } from './migrations/booking-list-1764000200000';

@Module({
  imports: [CqrsModule],
  controllers: [BookingController],
  providers: [
    { provide: SessionCatalog, inject: [Rpc], useFactory: (rpc: Rpc) => new ScheduleClient(rpc) },
    { provide: SlotInventory, inject: [Rpc], useFactory: (rpc: Rpc) => new InventoryClient(rpc) },
    { provide: PatientDirectory, inject: [Rpc], useFactory: (rpc: Rpc) => new PatientClient(rpc) },
    {
      provide: ActiveBookings,
      inject: [DataSource, EventStore, Feeds],
      useFactory: (dataSource: DataSource, store: EventStore, feeds: Feeds) => new ActiveBookingsQuery(dataSource, store, feeds),
    },
    { provide: BookingLists, inject: [DataSource], useFactory: (dataSource: DataSource) => new BookingListsQuery(dataSource) },
    {
      provide: PatientClaims,
      inject: [RedisGate, ActiveBookings, Clock],
      useFactory: (redis: RedisGate, active: ActiveBookings, clock: Clock) => new RedisPatientClaims(redis, active, clock),
    },
    { provide: ExpiryTimer, inject: [ExpireBookings], useFactory: (expire: ExpireBookings) => new ExpiryTimer(expire) },
    BookingStreams,
    DayClaims,
    BookingAccess,
    FollowUp,
    ExpireBookings,
    OrphanSlots,
    RequestBookingHandler,
    CancelBookingHandler,
    RescheduleBookingHandler,
    ReadBookingHandler,
    ListBookingsHandler,
  ],
})
export class BookingModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly rpc: Rpc,
    private readonly feeds: Feeds,
    private readonly streams: BookingStreams,
    private readonly followUp: FollowUp,
    private readonly orphanSlots: OrphanSlots,
    private readonly expiry: ExpiryTimer,
  ) {}

  onModuleInit(): void {
    serveBookingRpc(this.rpc, this.orphanSlots);
    this.feeds.addProjection(bookingListProjection);
    this.feeds.addReaction(followUpReaction(this.streams, this.followUp));
  }

  onApplicationBootstrap(): void {
    this.expiry.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.expiry.stop();
  }
}

export const bookingService: ServiceDefinition = {
  name: 'booking',
  module: BookingModule,
  entities: [BookingListRow],
  migrations: [BookingList1764000200000],
  outbound: bookingOutbound,
};

export { RequestBookingDto } from './adapters/http/booking.dto';
export { bookingCodec } from './domain/events';
