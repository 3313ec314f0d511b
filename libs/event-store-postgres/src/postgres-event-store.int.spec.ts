import { eventStoreContract, freshDatabase } from '@talon/testing';
import { Client } from 'pg';
import { PostgresEventStore } from './postgres-event-store';

const cutConnections = async (url: string) => {
  const client = new Client(url);
  await client.connect();
  await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'talon-event-store'");
  await client.end();
};

eventStoreContract('PostgreSQL', async () => {
  const database = await freshDatabase();
  const stores: PostgresEventStore[] = [];
  const another = async () => {
    const store = await PostgresEventStore.connect(database.url);
    stores.push(store);
    await store.migrate();
    return store;
  };
  return {
    store: await another(),
    another,
    breakConnections: () => cutConnections(database.url),
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      await database.drop();
    },
  };
});
