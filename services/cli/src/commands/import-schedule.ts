import { ApiClient } from '../adapters/api-client';
import { readTable } from '../adapters/files';
import { startProgress } from '../adapters/progress';
import { table } from '../adapters/tables';
import { importSchedule, type ImportReport } from '../application/import-schedule';
import { REQUIRED_COLUMNS } from '../domain/schedule-file';
import { readConfig } from '../config';
import { print, tokenFor } from './session';



export async function importScheduleCommand(path: string, options: { check?: boolean; json?: boolean }): Promise<void> {
  const { header, records } = await readTable(path);
  const missing = REQUIRED_COLUMNS.filter((column) => !header.includes(column));
  if (missing.length) throw new Error(`${path} has no column ${missing.join(', ')}; docs/import-schedule.md lists the columns`);
  const config = readConfig();
  const api = new ApiClient(config.url, await tokenFor({ role: 'authority-admin' }, config));
  try {
    const report = await importSchedule(records, api, { progress: startProgress, checkOnly: options.check ?? false });
    print(options.json, report, () => describe(report, options.check ?? false));
    if (report.rejects.length) process.exitCode = 1;
  } finally {
    await api.close();
  }
}

function describe(report: ImportReport, checkOnly: boolean): string {
  if (report.rejects.length) {
    const rows = report.rejects.map(({ row, column, reason }): [number, string, string] => [row, column, reason]);
    return `${table(['row', 'column', 'reason'], rows)}\n\nNothing was imported: ${report.rejects.length} fault(s) in ${report.rows} rows.`;
  }
  if (checkOnly) return `All ${report.rows} rows are right. Nothing was written.`;
  const { imported, hospitals, departments, doctors } = report;
  return `${imported} sessions of ${doctors} doctors in ${departments} departments of ${hospitals} hospitals are planned.`;
}
