import { startProgress } from '../adapters/progress';
import { readCsv } from '../adapters/files';
import { table } from '../adapters/tables';
import { countEvents } from '../adapters/event-log';
import { replay, type ReplayReport } from '../application/replay';
import { checkAppointments, missingColumns } from '../domain/appointments';
import { INTERRUPTED, interruptible } from './interruptible';
import { print } from './print';
import { openPlatform } from './session';

const CONNECTIONS = 48;

export async function replayCommand(path: string, options: { until?: string; json?: boolean }): Promise<void> {
  const { header, records, lineOf } = await readCsv(path);
  const missing = missingColumns(header);
  if (missing.length) throw new Error(`${path} is no appointments file: it has no column ${missing.join(', ')}`);
  const platform = await openPlatform(CONNECTIONS, 'replay');
  try {
    const file = checkAppointments(records, lineOf);
    const report = await interruptible((signal) => replay(file, platform, { until: options.until, signal, progress: startProgress, countEvents }));
    print(options.json, report, () => describe(report));
    if (report.interrupted) process.exitCode = INTERRUPTED;
  } finally {
    await platform.close();
  }
}

function describe(report: ReplayReport): string {
  const refused = Object.entries(report.refused).map(([code, count]): [string, number] => [`refused ${code}`, count]);
  const rows: [string, number][] = [
    ['rows', report.rows],
    ['rejected', report.rejected.length],
    ['booked', report.booked],
    ...refused,
    ['hospitals', report.hospitals],
    ['sessions', report.sessions],
    ['patients', report.patients],
    ['events in the log', report.events],
    ['events added', report.eventsAdded],
    ['seconds', report.seconds],
  ];
  const rejected = report.rejected.slice(0, 20).map(({ row, appointmentId, reason }): [number, string, string] => [row, appointmentId, reason]);
  const lines = [table(['what', 'how many'], rows)];
  if (rejected.length) lines.push('', table(['row', 'appointment', 'rejected because'], rejected));
  if (report.interrupted) lines.push('', 'Interrupted. The same command goes on where this one stopped.');
  return lines.join('\n');
}
