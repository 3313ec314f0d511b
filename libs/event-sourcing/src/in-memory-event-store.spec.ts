import { eventStoreContract } from '@talon/testing';
import { InMemoryEventStore } from './in-memory-event-store';

eventStoreContract('in memory', async () => {
  const store = new InMemoryEventStore();
  return { store, another: async () => store, close: () => store.close() };
});
