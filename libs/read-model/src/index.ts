export * from './consumer';
export * from './data-source';
export * from './feeds';
export * from './recent-log';
export * from './upsert-rows';
