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

const realServer = process.env.TALON_TEST_EVENTSTOREDB_URL;
if (realServer) {
  eventStoreContract('EventStoreDB, the server at TALON_TEST_EVENTSTOREDB_URL', async () => {
    const stores: EventStoreDbEventStore[] = [];
    const another = async () => {
      const store = await EventStoreDbEventStore.connect(realServer);
      stores.push(store);
      return store;
    };
    return { store: await another(), another, close: async () => void (await Promise.all(stores.map((store) => store.close()))) };
  });
} else {
  console.warn('SKIPPED: the event store contract on a real EventStoreDB; set TALON_TEST_EVENTSTOREDB_URL to run it');
}
