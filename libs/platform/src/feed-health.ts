import type { HealthRegistry } from '@talon/observability';
import type { Feeds } from '@talon/read-model';
import { Gauge, type Registry } from 'prom-client';

/** A feed further behind than this for so long counts as stuck; bookings go on without it. */
const BEHIND_MAX = 50_000;

/** Shows every feed of the process in the metrics, and in the health report when one fails or is far behind. */
export function watchFeeds(feeds: Feeds, { registry, health }: { registry: Registry; health: HealthRegistry }): void {
  const labelNames = ['feed'];
  const position = new Gauge({ name: 'talon_feed_position', help: 'Position in the event store that a feed has handled', labelNames, registers: [registry] });
  const failing = new Gauge({ name: 'talon_feed_failing', help: '1 while the last batch of a feed failed', labelNames, registers: [registry] });
  new Gauge({
    name: 'talon_feed_behind',
    help: 'Positions between a feed and the end of the event store',
    labelNames,
    registers: [registry],
    async collect() {
      const lags = await feeds.lag().catch(() => []);
      for (const { name: feed, ...lag } of lags) {
        this.set({ feed }, lag.behind);
        position.set({ feed }, lag.position);
        failing.set({ feed }, lag.error === undefined ? 0 : 1);
      }
    },
  });
  health.add(
    'feeds',
    async () => {
      const stuck = (await feeds.lag()).filter(({ behind, error }) => behind > BEHIND_MAX || error !== undefined);
      if (stuck.length > 0) throw new Error(`stuck: ${stuck.map(({ name }) => name).join(', ')}`);
    },
    { optional: true },
  );
}
