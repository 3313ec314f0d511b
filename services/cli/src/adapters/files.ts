import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { readSheet } from 'read-excel-file/node';

export interface TableFile {
  header: string[];
  records: Record<string, string>[];
}

const BYTES_MAX = 200_000_000;

/** Reads a CSV file with a header line; cells stay text. @throws in one sentence when there is no such file or it is no CSV */
export async function readCsv(path: string): Promise<TableFile> {
  const content = await read(path);
  try {
    const rows = parse(content, { bom: true, relax_column_count: true, skip_empty_lines: true }) as string[][];
    return fromRows(rows);
  } catch (error) {
    throw new Error(`${path} is no CSV file: ${(error as Error).message}`);
  }
}

/** CSV, or the first sheet of an XLSX file, told apart by their first bytes. */
export async function readTable(path: string): Promise<TableFile> {
  const content = await read(path);
  if (content.subarray(0, 2).toString('latin1') !== 'PK') return readCsv(path);
  try {
    const rows = await readSheet(content);
    return fromRows(rows.map((row) => row.map(cellText)));
  } catch (error) {
    throw new Error(`${path} is no XLSX file: ${(error as Error).message}`);
  }
}

function fromRows([header = [], ...rows]: string[][]): TableFile {
  const names = header.map((name) => name.trim());
  return { header: names, records: rows.map((row) => Object.fromEntries(names.map((name, column) => [name, row[column] ?? '']))) };
}

/** A spreadsheet keeps days and times of day as dates; both become the text the CSV would have. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (!(cell instanceof Date)) return String(cell);
  const iso = cell.toISOString();
  if (cell.getUTCFullYear() < 1901) return iso.slice(11, 16);
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso;
}

async function read(path: string): Promise<Buffer> {
  try {
    const content = await readFile(path);
    if (content.length > BYTES_MAX) throw new Error(`it is larger than ${BYTES_MAX / 1e6} MB`);
    return content;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new Error(`cannot read ${path}: ${reason}`);
  }
}
