export * from './codec';
export * from './command-handler';
export * from './decider';
export * from './event';
export * from './event-store';
