export * from './spec-for';
export * from './servers';
