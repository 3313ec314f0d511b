import { bootMessage, readConfig, startApp, stopOnSignals } from '@talon/platform';
import { addBareRoute, BenchModule } from './adapters/http/bench.controller';
import { StandaloneConfig } from './config';
import { SERVICES, StandaloneModule } from './standalone.module';

/** From a worker to the primary: it listens, or it cannot start and why. */
export type WorkerNews = { ready: string } | { failed: string };

/** One of several equal processes behind one port; each runs everything. */
export async function runWorker(): Promise<void> {
  try {
    const config = readConfig(StandaloneConfig);
    const { url, stop } = await startApp(config, SERVICES, {
      rpc: 'in-process',
      name: 'standalone',
      migrate: false,
      title: 'Talon',
      description: "Releases doctors' appointment slots to a region, fairly, and carries every booking to its end.",
      modules: config.TALON_BENCH ? [StandaloneModule, BenchModule] : [StandaloneModule],
      onFastify: config.TALON_BENCH ? addBareRoute : undefined,
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
