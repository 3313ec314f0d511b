import { isLost } from './connection';

const sqlError = (code: string) => Object.assign(new Error('x'), { severity: 'ERROR', code });

describe('which failures may simply be tried again', () => {
  it.each(['08006', '57P01', '57P03', '53300', '40001', '40P01', '58030', '25006'])('SQLSTATE %s: yes', (code) => expect(isLost(sqlError(code))).toBe(true));
  it.each(['22001', '23505', '42P01', '28P01', '3D000', '25001'])('SQLSTATE %s: no', (code) => expect(isLost(sqlError(code))).toBe(false));
  it('a broken connection: yes', () => {
    expect(isLost(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe(true);
    expect(isLost(new Error('Connection terminated unexpectedly'))).toBe(true);
  });
  it('a mistake in the program: no', () => {
    expect(isLost(new TypeError('x'))).toBe(false);
    expect(isLost('x')).toBe(false);
  });
});
