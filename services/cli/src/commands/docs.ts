import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publicEvents } from '@talon/contracts';
import { statusOf } from '@talon/http';
import { errorTables } from '@talon/kernel';
import { errorsPage, eventsPage } from '../application/reference';
// Loading a service registers its error table.
import '@talon/booking';
import '@talon/inventory';
import '@talon/patient';
import '@talon/schedule';
import '@talon/standalone';

const DOCS = join(__dirname, '../../../../docs');

/** The generated pages, by path. */
export const referencePages = (): Map<string, string> =>
  new Map([
    [join(DOCS, 'errors.md'), errorsPage(errorTables, statusOf)],
    [join(DOCS, 'events.md'), eventsPage(publicEvents)],
  ]);

/** @returns paths of pages that differ from what the code says */
export async function stalePages(): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, page] of referencePages()) if ((await readFile(path, 'utf8').catch(() => '')) !== page) stale.push(path);
  return stale;
}

export async function docsCommand(options: { check?: boolean }): Promise<void> {
  const stale = await stalePages();
  if (!options.check) for (const [path, page] of referencePages()) await writeFile(path, page);
  process.stdout.write(stale.length ? `${options.check ? 'Stale' : 'Written'}: ${stale.join(', ')}\n` : 'The reference pages are up to date.\n');
  if (options.check && stale.length) process.exitCode = 1;
}
