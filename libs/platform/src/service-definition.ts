import type { Type } from '@nestjs/common';
import type { Outbound } from '@talon/contracts';

/** What a service hands to the platform: enough to run it alone or together with the others. */
export interface ServiceDefinition {
  /** Also its PostgreSQL schema. */
  name: string;
  /** Gets EventStore, Clock, Rpc, Wake, DataSource, RedisGate, Feeds, PlatformConfig and Registry injected by class. */
  module: Type;
  /** TypeORM entities, each with `schema: '<name>'`. */
  entities: Function[];
  /** TypeORM migrations, class names ending in 13 digits (`BookingList1764000000000`), unique over all services. */
  migrations: Function[];
  /** Absent: the service publishes nothing. */
  outbound?: Outbound;
}
