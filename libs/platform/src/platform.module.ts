import { type DynamicModule, Global, Module } from '@nestjs/common';
import { EventStore } from '@talon/event-sourcing';
import { Clock, HealthChecks, MetricsPage, Rpc, Wake } from '@talon/kernel';
import { NatsGate } from '@talon/nats';
import { Feeds } from '@talon/read-model';
import { RedisGate } from '@talon/redis';
import { Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { PlatformConfig } from './config';
import type { Platform } from './platform';

/**
 * Everything services share, by class token: EventStore, Clock, Rpc, Wake, DataSource (typeorm), RedisGate, Feeds, PlatformConfig, NatsGate,
 * Registry (prom-client), HealthChecks, MetricsPage. Global. Feeds start after every module's `onModuleInit`: register projections,
 * reactions and rpc subjects there or in constructors.
 */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(platform: Platform): DynamicModule {
    const shared: [Function, unknown][] = [
      [EventStore, platform.store],
      [Clock, platform.clock],
      [Rpc, platform.rpc],
      [Wake, platform.wake],
      [DataSource, platform.dataSource],
      [RedisGate, platform.redis],
      [NatsGate, platform.nats],
      [Feeds, platform.feeds],
      [PlatformConfig, platform.config],
      [Registry, platform.registry],
      [HealthChecks, platform.health],
      [MetricsPage, platform.metrics],
    ];
    const providers = shared.map(([provide, useValue]) => ({ provide, useValue }));
    return { module: PlatformModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
