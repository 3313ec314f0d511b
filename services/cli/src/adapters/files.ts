import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { readSheet } from 'read-excel-file/node';

export interface TableFile {
  header: string[];
  records: Record<string, string>[];
  /** Line of the file (row of the sheet) that the record with this index comes from; empty ones count but make no record. */
  lineOf(index: number): number;
}

const BYTES_MAX = 200_000_000;
const UNREADABLE: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a directory', EACCES: 'you may not read it' };

/** Reads a CSV file with a header line; cells stay text. @throws in one sentence when there is no such file or it is no CSV */
export const readCsv = async (path: string): Promise<TableFile> => parseCsv(path, await read(path));

/** CSV, or the first sheet of an XLSX file, told apart by their first bytes. */
export async function readTable(path: string): Promise<TableFile> {
  const content = await read(path);
  return content.subarray(0, 2).toString('latin1') === 'PK' ? parseXlsx(path, content) : parseCsv(path, content);
}

type Line = { cells: string[]; line: number };

function parseCsv(path: string, content: Buffer): TableFile {
  let parsed: { record: string[]; info: { lines: number } }[];
  try {
    parsed = parse(content, { bom: true, relax_column_count: true, skip_empty_lines: true, info: true }) as unknown as typeof parsed;
  } catch (error) {
    throw new Error(`${path} is no CSV file: ${(error as Error).message}`);
  }
  return fromLines(path, parsed.map(({ record, info }) => ({ cells: record, line: info.lines })));
}

async function parseXlsx(path: string, content: Buffer): Promise<TableFile> {
  let rows: unknown[][];
  try {
    rows = await readSheet(content);
  } catch (error) {
    throw new Error(`${path} is no XLSX file: ${(error as Error).message}`);
  }
  const lines = rows.map((row, index) => ({ cells: row.map(cellText), line: index + 1 }));
  return fromLines(path, lines.filter(({ cells }) => cells.some((cell) => cell !== '')));
}

function fromLines(path: string, [header, ...lines]: Line[]): TableFile {
  const names = (header?.cells ?? []).map((name) => name.trim());
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${path} has column ${twice} twice`);
  const records = lines.map(({ cells }) => Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])));
  return { header: names, records, lineOf: (index) => lines[index]!.line };
}

/** Spreadsheets count days from here. */
const SHEET_EPOCH_MS = Date.UTC(1899, 11, 30);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * A spreadsheet keeps days and times of day as numbers that count days; both become the text the CSV would have, to the nearest minute. A day
 * with a time of day has no zone, so it becomes no instant: whoever checks it must refuse it.
 */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (!(cell instanceof Date)) return String(cell);
  const minutes = Math.round((cell.getTime() - SHEET_EPOCH_MS) / MINUTE_MS);
  const text = new Date(SHEET_EPOCH_MS + minutes * MINUTE_MS).toISOString();
  if (minutes * MINUTE_MS === DAY_MS) return '24:00';
  if (minutes * MINUTE_MS < DAY_MS) return text.slice(11, 16);
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 16);
}

async function read(path: string): Promise<Buffer> {
  try {
    const content = await readFile(path);
    if (content.length > BYTES_MAX) throw new Error(`it is larger than ${BYTES_MAX / 1e6} MB`);
    return content;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read ${path}: ${UNREADABLE[code ?? ''] ?? message}`);
  }
}
