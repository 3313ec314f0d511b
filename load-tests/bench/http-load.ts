import { connect, type Socket } from 'node:net';

export interface LoadResult {
  requests: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** How many answers had which status; 0: the connection broke. */
  statuses: Record<number, number>;
}

export interface LoadOptions {
  host: string;
  port: number;
  /** Requests under way at once, one per connection. */
  connections: number;
  seconds: number;
  /** The next request as it goes over the wire; undefined: there are no more. */
  next: () => string | undefined;
}

const HEADER_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;

/**
 * A load generator that costs little beside what it measures: one socket per connection, requests as ready strings, and of the answers
 * only status and length are read.
 */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const statuses: Record<number, number> = {};
  const startedMs = performance.now();
  const deadlineMs = startedMs + options.seconds * 1_000;
  const record = (status: number, sentMs: number) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    latenciesMs.push(performance.now() - sentMs);
  };
  await Promise.all(Array.from({ length: options.connections }, () => drive(options, deadlineMs, record)));
  const seconds = (performance.now() - startedMs) / 1_000;
  latenciesMs.sort((a, b) => a - b);
  return {
    requests: latenciesMs.length,
    perSecond: latenciesMs.length / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    statuses,
  };
}

function drive({ host, port, next }: LoadOptions, deadlineMs: number, record: (status: number, sentMs: number) => void): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host, port, noDelay: true });
    let pending: Buffer = Buffer.alloc(0);
    let sentMs = 0;
    const send = () => {
      const request = performance.now() < deadlineMs ? next() : undefined;
      if (request === undefined) return void socket.end();
      sentMs = performance.now();
      socket.write(request, 'latin1');
    };
    socket.on('connect', send);
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const headerEnd = pending.indexOf(HEADER_END);
      if (headerEnd < 0) return;
      const header = pending.toString('latin1', 0, headerEnd);
      const bodyLength = Number(LENGTH.exec(header)?.[1] ?? 0);
      if (pending.length < headerEnd + 4 + bodyLength) return;
      pending = Buffer.alloc(0);
      record(Number(header.slice(9, 12)), sentMs);
      send();
    });
    socket.on('error', () => record(0, sentMs));
    socket.on('close', () => resolve());
  });
}

export const percentile = (sorted: number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** A POST with a JSON body as it goes over the wire. */
export function post(path: string, host: string, headers: Record<string, string>, body: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${lines}\r\n${body}`;
}
