import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkLuaHeader } from '@talon/redis';

const scripts = readdirSync(__dirname).filter((file) => file.endsWith('.lua'));

describe('every script of inventory', () => {
  it('is looked at', () => expect(scripts).toEqual(['load-session.lua', 'read-session.lua', 'settle-slots.lua', 'sync-session.lua', 'take-slots.lua']));
  it.each(scripts)('%s has a header that says what its body does', (file) => expect(checkLuaHeader(join(__dirname, file))).toEqual([]));
});
