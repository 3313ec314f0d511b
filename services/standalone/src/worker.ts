import { bootMessage, readConfig, startApp, stopOnSignals } from '@talon/platform';
import { StandaloneConfig } from './config';
import { SERVICES, StandaloneModule } from './standalone.module';

/** From a worker to the primary: it listens, or it cannot start and why. */
export type WorkerNews = { ready: string } | { failed: string };

/** One of several equal processes behind one port; each runs everything. */
export async function runWorker(): Promise<void> {
  try {
    const { url, stop } = await startApp(readConfig(StandaloneConfig), SERVICES, {
      rpc: 'in-process',
      name: 'standalone',
      migrate: false,
      title: 'Talon',
      description: "Releases doctors' appointment slots to a region, fairly, and carries every booking to its end.",
      modules: [StandaloneModule],
    });
    stopOnSignals(stop);
    tell({ ready: url });
  } catch (error) {
    // Exit only once the sentence has reached the primary, which prints it once for all workers.
    tell({ failed: bootMessage(error) }, () => process.exit(1));
  }
}

function tell(news: WorkerNews, then: () => void = () => undefined) {
  process.send?.(news, undefined, undefined, then);
}
