import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { commonError, isId, type DomainError, type FieldError } from '@talon/kernel';
import type { ValidationError } from 'class-validator';

/** Named in an answer at most; a body full of faults is not echoed back in full. */
const FIELD_ERRORS_MAX = 50;

const PRIMITIVES = new Set<unknown>([String, Number, Boolean, Array, Object, undefined]);
const ID_PARAM = /^id$|Id$/;

/**
 * Bodies and queries against their DTO classes: unknown fields are refused, faults are named the way the caller wrote them. Path parameters
 * called `id` or `…Id` must be ids.
 */
export class InputPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => invalidInput(fieldErrors(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value;
    if (metadata.type === 'param' && metadata.data !== undefined) return idParam(value, metadata.data);
    if (PRIMITIVES.has(metadata.metatype)) return value;
    // No body at all is an object without fields: fine where every field is optional, and the missing ones are named where not.
    const input = metadata.type === 'body' && value === undefined ? {} : value;
    if (metadata.type === 'body' && !isPlainObject(input)) throw invalidInput([{ field: '', message: 'the body must be a JSON object' }]);
    return super.transform(input, metadata);
  }
}

function idParam(value: unknown, name: string): unknown {
  if (ID_PARAM.test(name) && !isId(value)) throw invalidInput([{ field: name, message: 'must be an id (UUID in lower case)' }]);
  return value;
}

const isPlainObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

export function invalidInput(fields: FieldError[]): DomainError {
  const shown = fields.slice(0, FIELD_ERRORS_MAX);
  const detail = shown.map(({ field, message }) => (field ? `${field} ${message}` : message)).slice(0, 3).join('; ');
  return commonError('invalid-input', detail || 'The input is not valid', { fields: shown });
}

/** class-validator's tree → a flat list: `slots[2].start`. */
export function fieldErrors(errors: ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = parent + (/^\d+$/.test(error.property) ? `[${error.property}]` : parent ? `.${error.property}` : error.property);
    // Decorators run from the last to the first; the first one written says best what the field is, so it speaks alone.
    const own = Object.entries(error.constraints ?? {}).slice(-1).map(([rule, message]) => ({ field, message: messageOf(rule, message, error.property) }));
    return [...own, ...fieldErrors(error.children ?? [], field)];
  });
}

const FIXED_MESSAGES: Record<string, string> = { whitelistValidation: 'is not a field of this input', unknownValue: 'is not an object' };

/** class-validator starts its messages with the property's name; the answer has it in `field` already. */
const messageOf = (rule: string, message: string, property: string): string =>
  FIXED_MESSAGES[rule] ?? (message.startsWith(`${property} `) ? message.slice(property.length + 1) : message);
