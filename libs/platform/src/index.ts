export * from './config';
export * from './platform.module';
export * from './service-definition';
