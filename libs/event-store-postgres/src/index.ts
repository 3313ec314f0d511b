export { type PlainQuery, withPlainClient } from './plain-client';
export { PostgresEventStore, type PostgresEventStoreOptions } from './postgres-event-store';
