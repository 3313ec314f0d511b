export * from './boot-error';
export * from './config';
export * from './platform';
export * from './platform.module';
export * from './rehearsal-clock';
export * from './relay';
export * from './run';
export * from './service-definition';
