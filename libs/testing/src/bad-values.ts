/** The parts of a JSON Schema in an OpenAPI document that bad values are made from. */
export interface ApiSchema {
  $ref?: string;
  allOf?: ApiSchema[];
  oneOf?: ApiSchema[];
  anyOf?: ApiSchema[];
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  example?: unknown;
  examples?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  required?: string[];
  properties?: Record<string, ApiSchema>;
  items?: ApiSchema;
}

export type Schemas = Record<string, ApiSchema>;

/** `refused`: only 4xx will do. `either`: the value may be legal, or the document does not say; then 2xx will do as well. */
export type Expectation = 'refused' | 'either';

export interface BadValue {
  value: unknown;
  what: string;
  expected: Expectation;
}

/** Schemas inside each other; deeper ones count as text. */
const NESTING_MAX = 6;
export const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const LONG = 10_000;

/** Text that means something to some interpreter behind us. */
export const HOSTILE_TEXT = [
  "'; DROP TABLE bookings; --",
  "1' OR '1'='1",
  "]]) redis.call('FLUSHALL') --",
  '<script>alert(1)</script>',
  '${jndi:ldap://localhost/a}',
  '../../../../etc/passwd',
  '%s%n{{7*7}}',
  '\u202Egnp.exe',
];

/** Follows references and unwraps what Nest wraps a reference in. */
export function resolved(schema: ApiSchema | undefined, schemas: Schemas): ApiSchema {
  if (!schema) return {};
  if (schema.$ref !== undefined) return resolved(schemas[schema.$ref.split('/').pop() ?? ''], schemas);
  const alternatives = schema.allOf ?? schema.oneOf ?? schema.anyOf;
  if (!alternatives) return schema;
  const { allOf: _all, oneOf: _one, anyOf: _any, ...own } = schema;
  return { ...resolved(alternatives.find(({ type }) => type !== 'null'), schemas), ...own };
}

const typeOf = (schema: ApiSchema): string => {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.find((type) => type !== undefined && type !== 'null') ?? (schema.properties ? 'object' : 'string');
};

const SAMPLE_TEXT: Record<string, string> = { 'uuid': UNKNOWN_ID, 'date': '2030-01-15', 'date-time': '2030-01-15T09:00:00.000Z' };

/** A value the schema allows, by its example where there is one. */
export function sampleOf(schema: ApiSchema, schemas: Schemas, depth = 0): unknown {
  const actual = resolved(schema, schemas);
  const stated = actual.example ?? actual.examples?.[0] ?? actual.default ?? actual.enum?.[0];
  if (stated !== undefined) return structuredClone(stated);
  if (depth >= NESTING_MAX) return 'x';
  switch (typeOf(actual)) {
    case 'object': return Object.fromEntries(Object.entries(actual.properties ?? {}).map(([name, property]) => [name, sampleOf(property, schemas, depth + 1)]));
    case 'array': return [sampleOf(actual.items ?? {}, schemas, depth + 1)];
    case 'integer':
    case 'number': return actual.minimum ?? 1;
    case 'boolean': return true;
    default: return SAMPLE_TEXT[actual.format ?? ''] ?? 'x'.repeat(Math.max(1, actual.minLength ?? 1));
  }
}

/** Values that are wrong, or at least suspicious, for the schema. `name` of the field adds what the schema cannot say (zones). */
export function badValuesFor(schema: ApiSchema, schemas: Schemas, name: string): BadValue[] {
  const actual = resolved(schema, schemas);
  const refused = (value: unknown, what: string): BadValue => ({ value, what, expected: 'refused' });
  const common = [refused({ a: { b: 1 } }, 'an unexpected object'), refused([[1]], 'an array of arrays')];
  switch (typeOf(actual)) {
    case 'object': return [refused([], 'an array instead of an object'), refused('text', 'text instead of an object'), refused(7, 'a number instead of an object')];
    case 'array': return [refused({}, 'an object instead of an array'), refused('text', 'text instead of an array'), refused([null], 'null in an array'), refused([[]], 'an array in an array')];
    case 'integer':
    case 'number': return [...common, ...badNumbers(actual)];
    case 'boolean': return [...common, refused('yes', 'text instead of a boolean'), refused(2, 'a number instead of a boolean')];
    default: return [...common, ...badTexts(actual, name)];
  }
}

function badNumbers(schema: ApiSchema): BadValue[] {
  const below = schema.minimum !== undefined;
  const above = schema.maximum !== undefined;
  const whole = typeOf(schema) === 'integer';
  return [
    { value: 'seven', what: 'text instead of a number', expected: 'refused' },
    { value: true, what: 'a boolean instead of a number', expected: 'refused' },
    { value: (schema.minimum ?? 0) - 1, what: 'one below the minimum', expected: below ? 'refused' : 'either' },
    { value: -1e15, what: 'a hugely negative number', expected: below ? 'refused' : 'either' },
    { value: above ? schema.maximum! + 1 : 1e15, what: above ? 'one above the maximum' : 'a huge number', expected: above ? 'refused' : 'either' },
    { value: 1e300, what: 'an astronomic number', expected: above ? 'refused' : 'either' },
    { value: (schema.minimum ?? 1) + 0.5, what: 'a fraction', expected: whole ? 'refused' : 'either' },
  ];
}

const BAD_BY_FORMAT: Record<string, string[]> = {
  'uuid': ['not-an-id', UNKNOWN_ID.slice(1), `${UNKNOWN_ID}0`, 'ABCDEF00-0000-4000-8000-000000000000'],
  'date': ['2026-02-30', '2026-13-01', '2026-00-10', '26-01-01', '2026-1-1', 'tomorrow', '2026-01-01T00:00:00Z', '9999-99-99', '0000-01-01'],
  'date-time': ['2026-02-30T09:00:00Z', '2026-01-01T25:00:00Z', '2026-01-01T09:00:00', '2026-01-01', 'now', '1767258000000', '+275760-09-13T00:00:00Z'],
};
const BAD_ZONES = ['Mars/Olympus', 'Europe/Nowhere', '+25:00', 'UTC; DROP TABLE'];

function badTexts(schema: ApiSchema, name: string): BadValue[] {
  const strict = schema.enum !== undefined || schema.pattern !== undefined || (schema.format !== undefined && schema.format in BAD_BY_FORMAT);
  const refused = (value: unknown, what: string): BadValue => ({ value, what, expected: 'refused' });
  const special = [...(BAD_BY_FORMAT[schema.format ?? ''] ?? []), ...(/zone$/i.test(name) ? BAD_ZONES : [])];
  return [
    refused(7, 'a number instead of text'),
    refused(true, 'a boolean instead of text'),
    refused('before\u0000after', 'text with NUL'),
    { value: '', what: 'empty text', expected: strict || (schema.minLength ?? 0) > 0 ? 'refused' : 'either' },
    { value: 'x'.repeat(LONG), what: '10,000 characters', expected: strict || schema.maxLength !== undefined ? 'refused' : 'either' },
    ...(schema.maxLength !== undefined && !strict ? [refused('x'.repeat(schema.maxLength + 1), 'one character too many')] : []),
    ...(schema.enum ? [refused('no-such-value', 'a value outside the list')] : []),
    ...special.map((value) => refused(value, `"${value}"`)),
    ...HOSTILE_TEXT.map((value): BadValue => ({ value, what: `"${value}"`, expected: strict ? 'refused' : 'either' })),
  ];
}

/** Every way to spoil one place of `sample`, which fits `schema`: each result is the whole value with one thing wrong. */
export function* spoiled(sample: unknown, schema: ApiSchema, schemas: Schemas, path = '', depth = 0): Generator<BadValue> {
  const actual = resolved(schema, schemas);
  if (depth >= NESTING_MAX || typeof sample !== 'object' || sample === null) return;
  if (Array.isArray(sample)) {
    if (sample.length > 0 && actual.items) for (const bad of placeVariants(sample[0], actual.items, schemas, `${path}[0]`, depth)) yield { ...bad, value: [bad.value, ...sample.slice(1)] };
    return;
  }
  yield { value: { ...sample, surprise: 1 }, what: `${path}: a field nobody knows`, expected: 'refused' };
  for (const [name, property] of Object.entries(actual.properties ?? {})) {
    const place = path ? `${path}.${name}` : name;
    const required = actual.required?.includes(name) === true;
    const { [name]: own, ...others } = sample as Record<string, unknown>;
    yield { value: others, what: `${place} missing`, expected: required ? 'refused' : 'either' };
    yield { value: { ...others, [name]: null }, what: `${place}: null`, expected: required ? 'refused' : 'either' };
    for (const bad of placeVariants(own, property, schemas, place, depth)) yield { ...bad, value: { ...others, [name]: bad.value } };
  }
}

function* placeVariants(sample: unknown, schema: ApiSchema, schemas: Schemas, place: string, depth: number): Generator<BadValue> {
  const name = place.split('.').pop() ?? place;
  for (const bad of badValuesFor(schema, schemas, name)) yield { ...bad, what: `${place}: ${bad.what}` };
  yield* spoiled(sample, schema, schemas, place, depth + 1);
}
