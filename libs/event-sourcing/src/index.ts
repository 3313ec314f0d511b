export * from './append-check';
export * from './catch-up';
export * from './codec';
export * from './command-handler';
export * from './decider';
export * from './event';
export * from './event-store';
export * from './in-memory-event-store';
