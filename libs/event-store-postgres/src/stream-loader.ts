import { commonError } from '@talon/kernel';

/** Streams fetched by one statement. */
export const STREAMS_PER_READ_MAX = 500;
/** Statements in flight at once; the streams asked for meanwhile are fetched together afterwards. */
export const READS_IN_FLIGHT_MAX = 2;
/** Streams that may wait to be read. */
export const WAITING_READS_MAX = 50_000;

interface Waiter<Row> {
  stream: string;
  resolve(rows: Row[]): void;
  reject(error: unknown): void;
}

/**
 * Reads of whole streams that are asked for in the same turn of the event loop, or while earlier reads are in flight, share one statement.
 * Callers that ask for the same stream share the rows, not what is made of them.
 */
export class StreamLoader<Row extends { stream: string }> {
  private waiting: Waiter<Row>[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor(private readonly fetch: (streams: string[]) => Promise<Row[]>) {}

  load(stream: string): Promise<Row[]> {
    if (this.waiting.length >= WAITING_READS_MAX) return Promise.reject(commonError('unavailable', `more than ${WAITING_READS_MAX} reads are waiting`));
    return new Promise((resolve, reject) => {
      this.waiting.push({ stream, resolve, reject });
      this.schedule();
    });
  }

  private schedule() {
    if (this.scheduled || this.inFlight >= READS_IN_FLIGHT_MAX) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.waiting.length > 0) void this.flush();
    });
  }

  private async flush() {
    const taken = this.waiting.splice(0, STREAMS_PER_READ_MAX);
    this.inFlight++;
    if (this.waiting.length > 0) this.schedule();
    try {
      const byStream = new Map<string, Row[]>();
      for (const { stream } of taken) byStream.set(stream, []);
      for (const row of await this.fetch([...byStream.keys()])) byStream.get(row.stream)?.push(row);
      for (const { stream, resolve } of taken) resolve(byStream.get(stream)!);
    } catch (error) {
      for (const { reject } of taken) reject(error);
    } finally {
      this.inFlight--;
      if (this.waiting.length > 0) this.schedule();
    }
  }
}
