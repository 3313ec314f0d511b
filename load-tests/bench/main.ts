import { parseArgs } from 'node:util';
import { BookingBench, type BookingRun } from './bookings';
import { median } from './http-load';
import { startPlatform } from './platform';
import { benchStore } from './store';

const RUNS_DEFAULT = 5;

interface Row {
  what: string;
  value: number;
  unit: string;
  /** What the project asks for; empty: for information. */
  target: string;
  met: boolean | null;
}

/** `npm run bench`: medians over several runs; figures of one run are only ever compared with controls of the same run. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, 'runs': { type: 'string', default: String(RUNS_DEFAULT) }, 'bookings-only': { type: 'boolean', default: false }, root: { type: 'string', default: process.cwd() } } });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 50) throw new Error('--runs takes a whole number from 1 to 50');
  const say = (line: string) => process.stderr.write(`${line}\n`);
  say('Starting a platform of its own for measuring …');
  const platform = await startPlatform(values.root);
  const rows: Row[] = [];
  try {
    const bench = new BookingBench(platform, say);
    await bench.prepare();
    const measured: BookingRun[] = [];
    for (let run = 1; run <= runs; run++) {
      measured.push(await bench.run());
      say(`run ${run}/${runs}: ${describe(measured.at(-1)!)}`);
    }
    rows.push(...bookingRows(measured));
    rows.push({ what: 'list of bookings built again from the log', value: await bench.projectionRate(), unit: 'events/s', target: '', met: null });
  } finally {
    await platform.stop();
  }
  if (!values['bookings-only']) say('Measuring the event store …');
  if (!values['bookings-only']) rows.push(...(await benchStore(values.root, runs, say)));
  process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : `${table(rows)}\n`);
}

const describe = ({ bookings, echo, bare }: BookingRun) =>
  `${Math.round(bookings.perSecond)} bookings/s, echo ${Math.round(echo.perSecond)}/s, bare ${Math.round(bare.perSecond)}/s; answers ${JSON.stringify(bookings.statuses)}`;

function bookingRows(runs: BookingRun[]): Row[] {
  const mid = (of: (run: BookingRun) => number) => median(runs.map(of));
  const row = (what: string, value: number, unit: string, target = '', met: boolean | null = null): Row => ({ what, value, unit, target, met });
  const bookings = mid((run) => run.bookings.perSecond);
  const ratio = mid((run) => run.bookings.perSecond / run.echo.perSecond);
  const lag = mid((run) => run.lagSecondsMax);
  const drained = mid((run) => run.drainedMs / 1_000);
  return [
    row('control bare: plain Fastify route', mid((run) => run.bare.perSecond), '/s'),
    row('control echo: Nest route, token, DTO', mid((run) => run.echo.perSecond), '/s'),
    row('durable bookings', bookings, '/s', '≥ 2500', bookings >= 2_500),
    row('durable bookings / echo', ratio, '', '≥ 0.30', ratio >= 0.3),
    row('booking latency p50', mid((run) => run.bookings.p50Ms), 'ms'),
    row('booking latency p99', mid((run) => run.bookings.p99Ms), 'ms'),
    row('CPU per echo: Talon', mid((run) => run.echoCpuMicros), 'µs'),
    row('CPU per booking: Talon', mid((run) => run.cpuMicros.talon), 'µs'),
    row('CPU per booking: PostgreSQL', mid((run) => run.cpuMicros.postgres), 'µs'),
    row('CPU per booking: Redis', mid((run) => run.cpuMicros.redis), 'µs'),
    row('CPU per booking: NATS', mid((run) => run.cpuMicros.nats), 'µs'),
    row('fsyncs per booking', mid((run) => run.fsyncsPerBooking), ''),
    row('PostgreSQL transactions per booking', mid((run) => run.transactionsPerBooking), ''),
    row('WAL per booking', mid((run) => run.walBytesPerBooking), 'bytes'),
    row('read model behind at full load', lag, 's', '≤ 1', lag <= 1),
    row('read model caught up after', drained, 's', '≤ 5', drained <= 5),
  ];
}

function table(rows: Row[]): string {
  const cells = rows.map(({ what, value, unit, target, met }) => [what, format(value), unit, target, met === null ? '' : met ? 'met' : 'MISSED']);
  const all = [['what', 'median', '', 'target', ''], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) => row.map((cell, column) => (column === 1 ? cell.padStart(widths[1]!) : cell.padEnd(widths[column]!))).join('  ').trimEnd()).join('\n');
}

const format = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
