export * from './event-stream';
export { NatsGate, type NatsOptions } from './nats-gate';
export * from './nats-rpc';
export * from './nats-wake';
