export * from './spec-for';
export * from './servers';
export * from './node-process';
export { eventStoreContract, type ContractSubject } from './event-store-contract';
export { badVariants, complaintsAbout, goodRequests, type ApiDocument, type BadVariant, type GoodParts } from './bad-input';
