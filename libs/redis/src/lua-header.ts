import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const HEADER = /^--\[\[ ([a-z-]+): ([\s\S]*?)\]\]\n/;

/**
 * Compares a script's header with its body. The header is the contract:
 * `--[[ name: what it does … KEYS[1] … ARGV[1] … ARGV[4..] … Replies {'tag'} … ]]`; `ARGV[4..]` means "from 4 on, in groups".
 * @returns complaints; empty when header and body agree
 */
export function checkLuaHeader(path: string): string[] {
  const source = readFileSync(path, 'utf8');
  const match = HEADER.exec(source);
  if (!match) return ['does not start with a header `--[[ name: … ]]`'];
  const [whole, name, text] = match as unknown as [string, string, string];
  const body = source.slice(whole.length).replace(/--[^\n]*/g, '');
  const complaints: string[] = [];
  if (`${name}.lua` !== basename(path)) complaints.push(`header names ${name}`);
  const repliesAt = text.indexOf('Replies');
  if (repliesAt < 0) complaints.push('header lists no Replies');
  const inputs = repliesAt < 0 ? text : text.slice(0, repliesAt);
  complaints.push(...compareIndices('KEYS', inputs, body), ...compareIndices('ARGV', inputs, body));
  complaints.push(...compareTags(repliesAt < 0 ? '' : text.slice(repliesAt), body));
  return complaints;
}

function compareIndices(kind: 'KEYS' | 'ARGV', header: string, body: string): string[] {
  const complaints: string[] = [];
  const fixed = indices(header, new RegExp(`${kind}\\[(\\d+)\\]`, 'g'));
  const open = indices(header, new RegExp(`${kind}\\[(\\d+)\\.\\.\\]`, 'g'));
  const used = indices(body, new RegExp(`${kind}\\[(\\d+)\\]`, 'g'));
  const computed = new RegExp(`${kind}\\[(?!\\d+\\])|#${kind}\\b`).test(body);
  const openFrom = Math.min(Infinity, ...open);
  for (const index of used) if (!fixed.has(index) && index < openFrom) complaints.push(`${kind}[${index}] is used but not in the header`);
  for (const index of fixed) if (!used.has(index)) complaints.push(`${kind}[${index}] is in the header but not used`);
  if (computed && open.size === 0) complaints.push(`${kind} is used with a computed index but the header has no ${kind}[n..]`);
  if (!computed && open.size > 0) complaints.push(`${kind}[${openFrom}..] is in the header but no computed index is used`);
  return complaints;
}

const indices = (text: string, pattern: RegExp): Set<number> => new Set([...text.matchAll(pattern)].map((found) => Number(found[1])));

function compareTags(header: string, body: string): string[] {
  const tags = (text: string) => new Set([...text.matchAll(/\{\s*'([a-z-]+)'/g)].map((found) => found[1]!));
  const promised = tags(header);
  const answered = tags(body);
  return [
    ...[...answered].filter((tag) => !promised.has(tag)).map((tag) => `answers {'${tag}'} but the header does not say so`),
    ...[...promised].filter((tag) => !answered.has(tag)).map((tag) => `header promises {'${tag}'} but the body never answers it`),
  ];
}
