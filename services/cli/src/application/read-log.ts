import { type EventStore, READ_ALL_MAX, type RecordedEvent, START } from '@talon/event-sourcing';

/** Every event in position order, a page at a time; the next page is fetched while the last one is handled. */
export async function readLog(log: EventStore, handle: (event: RecordedEvent) => void): Promise<void> {
  let reading = log.readAll(START, { max: READ_ALL_MAX });
  for (;;) {
    const page = await reading;
    if (!page.atEnd) {
      reading = log.readAll(page.position, { max: READ_ALL_MAX });
      // Should handling throw, nobody waits for this page any more; a fault of its own surfaces above.
      reading.catch(() => undefined);
    }
    page.events.forEach(handle);
    if (page.atEnd) return;
  }
}
