import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daySerial, timeSerial, xlsx } from '../testing/xlsx';
import { readCsv, readTable } from './files';

describe('reading tables', () => {
  const dir = mkdtempSync(join(tmpdir(), 'talon-files-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const file = (content: string | Buffer) => {
    const path = join(dir, 'table');
    writeFileSync(path, content);
    return path;
  };

  it('reads CSV as text, whatever it looks like, with a byte order mark or without', async () => {
    const { header, records } = await readTable(file('\uFEFFid, name\r\n14172416655E-5,"Clinic, North"\r\n007,\r\n'));
    expect(header).toEqual(['id', 'name']);
    expect(records).toEqual([{ id: '14172416655E-5', name: 'Clinic, North' }, { id: '007', name: '' }]);
  });
  it('counts empty lines and knows where a record stands', async () => {
    const { records, lineOf } = await readCsv(file('id\n1\n\n\n4\n'));
    expect(records.map((record, index) => [record['id'], lineOf(index)])).toEqual([['1', 2], ['4', 5]]);
  });
  it('refuses a column that comes twice', async () => expect(readCsv(file('id,id\n1,2\n'))).rejects.toThrow(/has column id twice/));
  it('refuses what is no CSV', async () => expect(readCsv(file('id\n"never closed'))).rejects.toThrow(/is no CSV file/));
  it('refuses what looks like XLSX and is none', async () => expect(readTable(file('PK, it is not'))).rejects.toThrow(/is no XLSX file/));
  it('says in words why a file cannot be read', async () => {
    await expect(readCsv(join(dir, 'nowhere.csv'))).rejects.toThrow(/nowhere\.csv: there is no such file/);
    await expect(readCsv(dir)).rejects.toThrow(/it is a directory/);
  });

  it('reads days and times of a sheet as the CSV would have them', async () => {
    const cells = [{ serial: daySerial('2027-03-28'), format: 'day' as const }, ...['00:00', '08:20', '09:55', '23:59', '24:00'].map((time) => ({ serial: timeSerial(time), format: 'time' as const }))];
    const { records } = await readTable(file(xlsx([['date', 'a', 'b', 'c', 'd', 'e'], cells])));
    expect(Object.values(records[0]!)).toEqual(['2027-03-28', '00:00', '08:20', '09:55', '23:59', '24:00']);
  });
  it('makes no instant of a day with a time, because the sheet does not say of which zone', async () => {
    const { records } = await readTable(file(xlsx([['opens_at'], [{ serial: daySerial('2027-03-01') + timeSerial('07:00'), format: 'day-time' }]])));
    expect(records).toEqual([{ opens_at: '2027-03-01T07:00' }]);
  });
  it('knows the row of a sheet also after empty ones', async () => {
    const { records, lineOf } = await readTable(file(xlsx([['id', 'n'], ['x', 1], ['', ''], ['y', 20]])));
    expect(records.map((record, index) => [record['id'], record['n'], lineOf(index)])).toEqual([['x', '1', 2], ['y', '20', 4]]);
  });
});
