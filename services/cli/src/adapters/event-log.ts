import type { EventStore } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { EventStoreDbEventStore } from '@talon/eventstoredb';
import { readLog } from '../application/read-log';
import { readConfig } from '../config';

/** The log of the running platform, for reading. @throws when nobody says where it is */
export async function openLog(): Promise<EventStore> {
  const { databaseUrl, eventStoreUrl } = readConfig();
  if (eventStoreUrl) return EventStoreDbEventStore.connect(eventStoreUrl);
  if (!databaseUrl) throw new Error('DATABASE_URL is not set and no platform is running here. Start it with: npm start');
  return PostgresEventStore.connect(databaseUrl);
}

/** How many events the log holds. */
export async function countEvents(): Promise<number> {
  const log = await openLog();
  try {
    let count = 0;
    await readLog(log, () => void count++);
    return count;
  } finally {
    await log.close();
  }
}
