export * from './spec-for';
export * from './servers';
export { eventStoreContract, type ContractSubject } from './event-store-contract';
