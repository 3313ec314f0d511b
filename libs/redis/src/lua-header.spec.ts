import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkLuaHeader } from './lua-header';

const GOOD = `--[[ put-thing: stores a thing.
  KEYS[1] things  hash    ARGV[1] id  string  ARGV[2..] fields, in pairs
  Replies {'stored', count} {'full'} ]]
if redis.call('HLEN', KEYS[1]) > 5 then return { 'full' } end
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[1] .. ARGV[i], ARGV[i + 1]) end
return { 'stored', 1 }
`;
const dir = mkdtempSync(join(tmpdir(), 'talon-lua-'));
const check = (source: string, file = 'put-thing.lua') => {
  writeFileSync(join(dir, file), source);
  return checkLuaHeader(join(dir, file));
};

describe('the header of a script is its contract', () => {
  it('is content when header and body agree', () => expect(check(GOOD)).toEqual([]));
  it('misses a header', () => expect(check("return { 'stored' }\n")).toEqual(['does not start with a header `--[[ name: … ]]`']));
  it('sees another name', () => expect(check(GOOD, 'other.lua')).toEqual(['header names put-thing']));
  it('sees a key that the header does not list', () =>
    expect(check(GOOD.replace("'HLEN', KEYS[1]", "'HLEN', KEYS[2]"))).toEqual(['KEYS[2] is used but not in the header']));
  it('sees an argument that the body does not use', () =>
    expect(check(GOOD.replace('ARGV[1] .. ', ''))).toEqual(['ARGV[1] is in the header but not used']));
  it('sees computed arguments that the header does not announce', () =>
    expect(check(GOOD.replace('ARGV[2..]', 'ARGV[2]'))).toEqual([
      'ARGV[2] is in the header but not used',
      'ARGV is used with a computed index but the header has no ARGV[n..]',
    ]));
  it('sees a reply that the header does not promise', () =>
    expect(check(GOOD.replace("return { 'full' }", "return { 'too-many' }"))).toEqual([
      "answers {'too-many'} but the header does not say so",
      "header promises {'full'} but the body never answers it",
    ]));
});
