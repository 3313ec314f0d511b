import { isUtf8 } from 'node:buffer';
import { commonError, type DomainError } from '@talon/kernel';
import { JSON_DEPTH_MAX, firstJsonFault } from './json-scan';
import { invalidInput } from './validation';

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** A whole string literal, and whether a colon makes it a key. Consuming whole literals keeps the match aligned. */
const LITERAL = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/**
 * Bytes of a request → JSON value, stricter than JSON.parse: no key twice, no `__proto__`, no NUL and no half characters in text, no array
 * directly in an array, bounded depth. Answers name the place or the key, never a value.
 * @throws {DomainError} `talon/malformed-json`, `talon/invalid-input`
 */
export function parseJsonBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformed('The body is not UTF-8');
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(firstJsonFault(text) ?? 'The body is not JSON');
  }
  // Text can only hide NUL or a lone surrogate behind an escape.
  const keys = inspect(value, '', 0, text.includes('\\u'));
  if (keys !== keysWritten(text)) throw malformed(firstJsonFault(text) ?? 'A key occurs twice');
  return value;
}

const malformed = (detail: string, field?: string): DomainError =>
  commonError('malformed-json', detail, field === undefined ? undefined : { fields: [{ field, message: 'is not acceptable' }] });

function keysWritten(text: string): number {
  let count = 0;
  for (const match of text.matchAll(LITERAL)) if (match[1] !== undefined) count++;
  return count;
}

/** Walks the value, refusing what must not be in it. @returns how many keys it has in all */
function inspect(value: unknown, path: string, depth: number, checkText: boolean): number {
  if (typeof value === 'string') {
    if (checkText) assertText(value, path);
    return 0;
  }
  if (value === null || typeof value !== 'object') return 0;
  if (depth >= JSON_DEPTH_MAX) throw malformed(`The body is nested deeper than ${JSON_DEPTH_MAX} levels`);
  let keys = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      // No input of ours has them, and class-validator lets an empty one pass for a valid object.
      if (Array.isArray(item)) throw invalidInput([{ field: `${path}[${index}]`, message: 'must not be an array' }]);
      keys += inspect(item, `${path}[${index}]`, depth + 1, checkText);
    }
    return keys;
  }
  for (const [key, child] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw malformed(`The key ${key} is not allowed`, key);
    if (checkText) assertText(key, path || 'a key');
    keys += 1 + inspect(child, path ? `${path}.${key}` : key, depth + 1, checkText);
  }
  return keys;
}

function assertText(text: string, path: string) {
  if (text.includes('\u0000')) throw malformed(`${path || 'The body'} contains the character U+0000`, path);
  if (!text.isWellFormed()) throw malformed(`${path || 'The body'} contains half of a character (a lone surrogate)`, path);
}
