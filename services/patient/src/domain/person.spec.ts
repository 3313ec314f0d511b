import { isDomainError } from '@talon/kernel';
import { type Person, assertBirthDate, changedFields, documentKey } from './person';

const NOON = Date.parse('2026-03-01T12:00:00.000Z');
const refusal = (birthDate: string) => {
  try {
    assertBirthDate(birthDate, NOON);
    return null;
  } catch (error) {
    return isDomainError(error, 'talon/invalid-input') ? error.extra.fields?.[0]?.field : error;
  }
};

it.each([
  ['1899-12-31', 'birthDate'],
  ['1900-01-01', null],
  // 12:00 UTC is 02:00 of the next day where the calendar is furthest ahead.
  ['2026-03-02', null],
  ['2026-03-03', 'birthDate'],
])('a birth date of %s is refused naming %s', (birthDate, field) => expect(refusal(birthDate)).toBe(field));

it('spellings of one number are one document, kinds are not', () => {
  const key = (kind: string, number: string) => documentKey({ kind, number });
  expect([key('passport', ' xda 12-34 '), key('passport', 'xda\u201312\u00a034')]).toEqual([key('passport', 'XDA1234'), key('passport', 'XDA1234')]);
  expect(key('passport', '1')).not.toBe(key('card', '1'));
});

it('names the fields that differ', () => {
  const person: Person = { name: { family: 'A', given: 'B' }, birthDate: '2000-01-01', documents: [], contacts: [] };
  expect(changedFields(person, { ...person, name: { family: 'A', given: 'C' }, contacts: [{ kind: 'phone', value: '+34911' }] })).toEqual(['name', 'contacts']);
});
