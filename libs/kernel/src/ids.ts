import { hash, randomUUID } from 'node:crypto';

/** A new random id (UUID v4). */
export const newId = (): string => randomUUID();

/**
 * The same parts give the same id, always: a repeated command meets what it did the first time (UUID v8 over SHA-256).
 * Parts are joined with a character that cannot occur in them by accident (U+001F).
 */
export function deriveId(...parts: string[]): string {
  const hex = hash('sha256', parts.join('\u001f'));
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Ids that appear in addresses and streams: UUIDs as Talon writes them, lower case. */
export const ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const isId = (value: unknown): value is string => typeof value === 'string' && ID_PATTERN.test(value);

/** SHA-256 over JSON with sorted keys: two bodies that mean the same have the same hash. */
export function contentHash(value: unknown): string {
  return hash('sha256', canonicalJson(value)).slice(0, 32);
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
}
