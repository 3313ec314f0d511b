export * from './actor';
export * from './clock';
export * from './errors';
export * from './ids';
export * from './money';
export * from './rpc';
export * from './wake';
