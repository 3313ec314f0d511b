export * from './booking';
export * from './inventory';
export * from './patient';
export * from './public-event';
export * from './rpc';
export * from './schedule';
