import { isISO4217CurrencyCode } from 'class-validator';
import { tokenFor } from '../adapters/access';
import { ApiClient } from '../adapters/api-client';
import { readTable } from '../adapters/files';
import { startProgress } from '../adapters/progress';
import { table } from '../adapters/tables';
import { importSchedule, type ImportReport } from '../application/import-schedule';
import { rehearsalNow } from '../application/rehearsal';
import { REQUIRED_COLUMNS } from '../domain/schedule-file';
import { readConfig } from '../config';
import { INTERRUPTED, interruptible } from './interruptible';
import { print } from './print';

const CONNECTIONS = 16;

export async function importScheduleCommand(path: string, options: { check?: boolean; json?: boolean }): Promise<void> {
  const { header, records, lineOf } = await readTable(path);
  const missing = REQUIRED_COLUMNS.filter((column) => !header.includes(column));
  if (missing.length) throw new Error(`${path} has no column ${missing.join(', ')}; docs/import-schedule.md lists the columns`);
  const config = readConfig();
  const [admin, operator] = (await Promise.all([tokenFor({ role: 'authority-admin' }, config), tokenFor({ role: 'operator' }, config)])).map(
    (token) => new ApiClient(config.url, token, CONNECTIONS),
  );
  try {
    const now = (await rehearsalNow(operator!)) ?? new Date().toISOString();
    const checks = { lineOf, isCurrency: isISO4217CurrencyCode, now, checkOnly: options.check ?? false };
    const report = await interruptible((signal) => importSchedule(records, admin!, { ...checks, signal, progress: startProgress }));
    print(options.json, report, () => describe(report, checks.checkOnly));
    if (report.rejects.length) process.exitCode = 1;
    if (report.interrupted) process.exitCode = INTERRUPTED;
  } finally {
    await Promise.all([admin!.close(), operator!.close()]);
  }
}

function describe(report: ImportReport, checkOnly: boolean): string {
  if (report.interrupted) return `Interrupted after ${report.imported} of ${report.rows} rows. The same command goes on where this one stopped.`;
  if (report.rejects.length) {
    const rows = report.rejects.map(({ row, column, reason }): [number, string, string] => [row, column, reason]);
    return `${table(['row', 'column', 'reason'], rows)}\n\nNothing was imported: ${report.rejects.length} fault(s) in ${report.rows} rows.`;
  }
  if (checkOnly) return `All ${report.rows} rows are right. Nothing was written.`;
  const { imported, existed, hospitals, departments, doctors } = report;
  const before = existed ? ` ${existed === imported ? 'All' : existed} of them were planned before.` : '';
  return `${imported} sessions of ${doctors} doctors in ${departments} departments of ${hospitals} hospitals are planned.${before}`;
}
