import { type EventStore, READ_ALL_MAX, type RecordedEvent, START } from '@talon/event-sourcing';
import { PostgresEventStore } from '@talon/event-store-postgres';
import { EventStoreDbEventStore } from '@talon/eventstoredb';
import { readConfig } from '../config';

/** The log of the running platform, for reading. @throws when nobody says where it is */
export async function openLog(): Promise<EventStore> {
  const { databaseUrl, eventStoreUrl } = readConfig();
  if (eventStoreUrl) return EventStoreDbEventStore.connect(eventStoreUrl);
  if (!databaseUrl) throw new Error('DATABASE_URL is not set and no platform is running here. Start it with: npm start');
  return PostgresEventStore.connect(databaseUrl);
}

/** Every event in position order, a page at a time; the next page is fetched while the last one is handled. */
export async function readLog(log: EventStore, handle: (event: RecordedEvent) => void): Promise<void> {
  let reading = log.readAll(START, { max: READ_ALL_MAX });
  for (;;) {
    const page = await reading;
    if (!page.atEnd) reading = log.readAll(page.position, { max: READ_ALL_MAX });
    page.events.forEach(handle);
    if (page.atEnd) return;
  }
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
