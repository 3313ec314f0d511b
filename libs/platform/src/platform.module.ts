import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { PlatformConfig } from './config';
import type { ServiceDefinition } from './service-definition';

export interface PlatformOptions {
  /** How services reach each other: in one process, or over NATS. */
  rpc: 'in-process' | 'nats';
}

/**
 * Everything services share, by class token: EventStore, Clock, Rpc, Wake, DataSource (typeorm), RedisGate, Feeds, PlatformConfig.
 * Global. Feeds start after every module's `onModuleInit`: register projections, reactions and rpc subjects there or in constructors.
 */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(config: PlatformConfig, services: ServiceDefinition[], options: PlatformOptions): DynamicModule {
    void [config, services, options];
    return { module: PlatformModule };
  }
}
