import { join } from 'node:path';
import { checkLuaHeader } from '@talon/redis';

describe('headers of the claim scripts', () => {
  it.each(['claim-day', 'check-claim', 'drop-claims', 'begin-load', 'finish-load'])('%s says what its body does', (name) => {
    expect(checkLuaHeader(join(__dirname, `${name}.lua`))).toEqual([]);
  });
});
