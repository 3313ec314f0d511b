import { eventStoreContract } from '@talon/testing';
import { EventStoreDbEventStore } from './event-store-db-event-store';
import { EventStoreDbDouble } from './testing/event-store-db-double';

const onDouble = (options: { batches?: boolean }) => async () => {
  const double = await EventStoreDbDouble.start(options);
  const stores: EventStoreDbEventStore[] = [];
  const another = async () => {
    const store = await EventStoreDbEventStore.connect(double.url);
    stores.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    breakConnections: () => double.breakConnections(),
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      await double.stop();
    },
  };
};

eventStoreContract('EventStoreDB, double with BatchAppend', onDouble({}));
