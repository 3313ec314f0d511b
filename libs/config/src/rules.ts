import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationOptions } from 'class-validator';

/** `8080` → 8080. Anything that is not a whole number becomes NaN, which every number rule refuses. */
export const ToInteger = () =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (/^-?\d{1,15}$/.test(value.trim()) ? Number(value.trim()) : Number.NaN) : value));

const BOOLEANS: Record<string, boolean> = { '1': true, 'true': true, 'yes': true, 'on': true, '0': false, 'false': false, 'no': false, 'off': false };

/** `1 true yes on` → true, `0 false no off` → false; anything else stays text, which IsBoolean refuses. */
export const ToBoolean = () => Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (BOOLEANS[value.trim().toLowerCase()] ?? value) : value));

/** A URL with one of the schemes, e.g. `IsUrlOf('postgres', 'postgresql')`. The message names the schemes, never the value: URLs carry passwords. */
export const IsUrlOf = (...schemes: string[]) => {
  const options: ValidationOptions = {};
  const validate = (value: unknown) => typeof value === 'string' && URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1));
  return ValidateBy({ name: 'isUrlOf', validator: { validate, defaultMessage: () => `must be a URL starting with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}` } }, options);
};
