import { Inject, Module, type OnApplicationBootstrap, type OnModuleInit, type BeforeApplicationShutdown } from '@nestjs/common';
import { EventStore } from '@talon/event-sourcing';
import { Clock, Rpc } from '@talon/kernel';
import type { ServiceDefinition } from '@talon/platform';
import { Feeds } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import { DataSource } from 'typeorm';
import { BookingClient } from './adapters/booking/booking.client';
import { DriftController } from './adapters/http/drift.controller';
import { changedSessionsReaction, freedSlotsReaction } from './adapters/messaging/inbound';
import { serveInventory } from './adapters/messaging/inbound-rpc';
import { Sweepers } from './adapters/messaging/sweepers';
import { HoldRow } from './adapters/read-models/hold.entity';
import { holdProjection } from './adapters/read-models/hold.projection';
import { HoldQuery } from './adapters/read-models/hold.query';
import { PostgresSweepCursor } from './adapters/read-models/sweep-cursor';
import { RedisSlotStore } from './adapters/redis/redis-slot-store';
import { ScheduleClient } from './adapters/schedule/schedule.client';
import { HoldSweep } from './application/hold-sweep';
import { OrphanSweep } from './application/orphan-sweep';
import { BookingClaims, OpenHolds, SlotStore, SupplySource, SweepCursor } from './application/ports';
import { SessionLoader } from './application/session-loader';
import { SessionViews } from './application/session-views';
import { SlotDesk } from './application/slot-desk';
import { InventoryHolds1764000400000 } from './migrations/holds-1764000400000';

@Module({
  controllers: [DriftController],
  providers: [
    { provide: SlotStore, inject: [RedisGate, Clock], useFactory: (gate: RedisGate, clock: Clock) => new RedisSlotStore(gate, clock) },
    { provide: SupplySource, inject: [Rpc], useFactory: (rpc: Rpc) => new ScheduleClient(rpc) },
    { provide: BookingClaims, inject: [Rpc], useFactory: (rpc: Rpc) => new BookingClient(rpc) },
    { provide: OpenHolds, inject: [DataSource], useFactory: (dataSource: DataSource) => new HoldQuery(dataSource) },
    { provide: SweepCursor, inject: [DataSource], useFactory: (dataSource: DataSource) => new PostgresSweepCursor(dataSource, 'orphans') },
    {
      provide: SessionLoader,
      inject: [EventStore, SlotStore, SupplySource],
      useFactory: (store: EventStore, slots: SlotStore, source: SupplySource) =>
        new SessionLoader(store, slots, source),
    },
    {
      provide: SlotDesk,
      inject: [EventStore, SlotStore, SessionLoader, Clock],
      useFactory: (store: EventStore, slots: SlotStore, loader: SessionLoader, clock: Clock) =>
        new SlotDesk(store, slots, loader, clock),
    },
    {
      provide: SessionViews,
      inject: [SlotStore, SessionLoader, Clock],
      useFactory: (slots: SlotStore, loader: SessionLoader, clock: Clock) =>
        new SessionViews(slots, loader, clock),
    },
    {
      provide: HoldSweep,
      inject: [OpenHolds, SlotDesk, Clock],
      useFactory: (holds: OpenHolds, desk: SlotDesk, clock: Clock) =>
        new HoldSweep(holds, desk, clock),
    },
    {
      provide: OrphanSweep,
      inject: [EventStore, BookingClaims, SlotDesk, SweepCursor, Clock],
      useFactory: (store: EventStore, bookings: BookingClaims, desk: SlotDesk, cursor: SweepCursor, clock: Clock) =>
        new OrphanSweep(store, bookings, desk, cursor, clock),
    },
    { provide: Sweepers, inject: [HoldSweep, OrphanSweep], useFactory: (holds: HoldSweep, orphans: OrphanSweep) => new Sweepers(holds, orphans) },
  ],
})
export class InventoryModule implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(Rpc) private readonly rpc: Rpc,
    @Inject(Feeds) private readonly feeds: Feeds,
    @Inject(SlotStore) private readonly slots: SlotStore,
    @Inject(SlotDesk) private readonly desk: SlotDesk,
    @Inject(SessionLoader) private readonly loader: SessionLoader,
    @Inject(SessionViews) private readonly views: SessionViews,
    @Inject(Sweepers) private readonly sweepers: Sweepers,
  ) {}

  onModuleInit(): void {
    serveInventory(this.rpc, { desk: this.desk, loader: this.loader, views: this.views });
    this.feeds.addProjection(holdProjection);
    this.feeds.addReaction(freedSlotsReaction(this.slots));
    this.feeds.addReaction(changedSessionsReaction(this.slots, this.loader));
  }

  onApplicationBootstrap(): void {
    this.sweepers.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.sweepers.stop();
  }
}

export const inventoryService: ServiceDefinition = {
  name: 'inventory',
  module: InventoryModule,
  entities: [HoldRow],
  migrations: [InventoryHolds1764000400000],
};

export { slotCodec } from './domain/events';
