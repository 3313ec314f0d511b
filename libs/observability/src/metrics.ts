import { Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { MetricsPage, RequestObserver } from '@talon/kernel';

const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The page Prometheus scrapes, over one registry. */
export class PrometheusMetrics extends MetricsPage {
  constructor(readonly registry: Registry) {
    super();
  }
  override get contentType() {
    return this.registry.contentType;
  }
  override render() {
    return this.registry.metrics();
  }
}

/** Counts and times requests by method, route template and status. */
export class RequestHistogram extends RequestObserver {
  private readonly histogram: Histogram<'method' | 'route' | 'status'>;
  /** Label objects are kept: making one per request costs more than the observation. */
  private readonly labels = new Map<string, { method: string; route: string; status: number }>();

  constructor(registry: Registry) {
    super();
    this.histogram = new Histogram({
      name: 'talon_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last byte of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS_BUCKETS,
      registers: [registry],
    });
  }

  override observe(method: string, route: string, status: number, seconds: number) {
    const key = `${method} ${route} ${status}`;
    let labels = this.labels.get(key);
    if (!labels) this.labels.set(key, (labels = { method, route, status }));
    this.histogram.observe(labels, seconds);
  }
}

/** A registry with Node's own metrics (CPU, memory, event loop lag, garbage collection) and the service as a label. */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
