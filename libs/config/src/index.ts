export * from './load-config';
export * from './rules';
