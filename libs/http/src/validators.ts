import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isId } from '@talon/kernel';
import { isInstant, isLocalDate, isLocalTime, isSafeText, isZone } from './formats';

/** Decorator for a field that `accepts` must like; the message never repeats the value, which may be personal. */
const textRule = (name: string, accepts: (value: string) => boolean, message: string, options?: ValidationOptions) =>
  ValidateBy(
    { name, validator: { validate: (value: unknown) => typeof value === 'string' && accepts(value), defaultMessage: () => `must be ${message}` } },
    options,
  );

/** A UUID as Talon writes it: lower case with dashes. */
export const IsTalonId = (options?: ValidationOptions) => textRule('isTalonId', isId, 'an id (UUID in lower case)', options);

/** A real calendar day, `YYYY-MM-DD`, 1900-01-01 to 2200-12-31. */
export const IsLocalDate = (options?: ValidationOptions) => textRule('isLocalDate', isLocalDate, 'a calendar day as YYYY-MM-DD, 1900 to 2200', options);

/** A time of day, `HH:mm`, 00:00 to 23:59; with `endOfDay` also `24:00`. */
export const IsLocalTime = (options: ValidationOptions & { endOfDay?: boolean } = {}) =>
  textRule('isLocalTime', (value) => isLocalTime(value, options.endOfDay === true), `a time as HH:mm${options.endOfDay ? ', up to 24:00' : ''}`, options);

/** An IANA time zone this runtime knows, e.g. `Europe/Madrid`; no bare offsets. */
export const IsZone = (options?: ValidationOptions) => textRule('isZone', isZone, 'an IANA time zone, e.g. Europe/Madrid', options);

/** An instant: ISO-8601 with seconds and `Z` or an offset, on a real calendar day, 1900 to 2200. */
export const IsInstant = (options?: ValidationOptions) => textRule('isInstant', isInstant, 'an instant as 2026-03-01T09:00:00Z', options);

/** Text of 1 to `maxLength` characters (UTF-16 units) that is not only blanks and has no control characters. */
export const SafeText = (maxLength: number, options?: ValidationOptions) =>
  textRule('safeText', (value) => isSafeText(value, maxLength), `text of 1 to ${maxLength} characters without control characters`, options);
