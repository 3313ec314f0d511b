import { EventStoreDBClient } from '@eventstore/db-client';

interface Open {
  url: string;
  client: EventStoreDBClient;
  users: number;
  /** Counts renewals: what was begun under an older one did not necessarily end properly. */
  generation: number;
  renewing?: Promise<void>;
}

let open: Open | undefined;

/**
 * The one client of this process. The client package keeps the pending appends of all its clients in one map and forgets them all when any
 * of their streams fails; an answer that then arrives on another stream throws outside of every promise and ends the process. With one
 * client there is one stream, and nothing arrives on it after it failed.
 */
export class SharedClient {
  private released = false;

  private constructor(private readonly shared: Open) {}

  /** @throws when this process uses another EventStoreDB already */
  static use(url: string): SharedClient {
    if (open && open.url !== url) throw new Error('one process can use one EventStoreDB only: this one is connected to another');
    open ??= { url, client: EventStoreDBClient.connectionString(url), users: 0, generation: 0 };
    open.users++;
    return new SharedClient(open);
  }

  get generation(): number {
    return this.shared.generation;
  }

  /** The client to use now; waits while it is being renewed. */
  async client(): Promise<EventStoreDBClient> {
    while (this.shared.renewing) await this.shared.renewing;
    return this.shared.client;
  }

  /**
   * Gives up on the connection: everything in flight fails and a new client takes over. A repeat for a generation that was given up
   * already only waits.
   */
  async renew(generation: number): Promise<void> {
    if (generation === this.shared.generation && !this.shared.renewing) {
      const renewing = this.replace();
      this.shared.renewing = renewing;
      await renewing;
      this.shared.renewing = undefined;
    }
    await this.shared.renewing;
  }

  /** The last user closes the connection. */
  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    if (--this.shared.users > 0) return;
    open = undefined;
    await this.shared.client.dispose();
  }

  private async replace() {
    const { client, url } = this.shared;
    this.shared.generation++;
    await client.dispose();
    this.shared.client = EventStoreDBClient.connectionString(url);
  }
}
