import { InputPipe } from '@talon/http';
import { ChangeTemplateDto, CreateTemplateDto } from './template.dto';

const ID = '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c001';
const complete = { doctorId: ID, departmentId: ID, entries: [{ weekday: 2, start: '09:00', end: '12:00', slotMinutes: 15 }], validFrom: '2026-12-01' };
const fieldsOf = (metatype: new () => object, body: object) =>
  new InputPipe().transform(body, { type: 'body', metatype }).then(() => [], (error: { extra: { fields: { field: string }[] } }) => error.extra.fields.map(({ field }) => field));

describe('a template', () => {
  it('is created with entries and a first day, and not without', async () => {
    expect(await fieldsOf(CreateTemplateDto, complete)).toEqual([]);
    const { entries: _entries, validFrom: _validFrom, ...rest } = complete;
    expect((await fieldsOf(CreateTemplateDto, rest)).sort()).toEqual(['entries', 'validFrom']);
  });

  it('is changed one field at a time', async () => {
    expect(await fieldsOf(ChangeTemplateDto, { validFrom: '2026-12-08' })).toEqual([]);
    expect(await fieldsOf(ChangeTemplateDto, { entries: [] })).toEqual(['entries']);
  });
});
