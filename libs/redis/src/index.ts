export * from './lua-command';
export * from './lua-header';
export * from './redis-gate';
