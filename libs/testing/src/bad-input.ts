import { HOSTILE_TEXT, UNKNOWN_ID, badValuesFor, resolved, sampleOf, spoiled, type ApiSchema, type Expectation, type Schemas } from './bad-values';

interface ApiParameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: ApiSchema;
}

interface ApiOperation {
  operationId?: string;
  parameters?: (ApiParameter | { $ref: string })[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: ApiSchema }> } | { $ref: string };
  security?: object[];
  'x-talon-roles'?: string[];
}

/** The parts of an OpenAPI document that bad input is made from. */
export interface ApiDocument {
  paths: Record<string, Record<string, unknown>>;
  components?: { schemas?: Record<string, unknown> };
}

/** A request with one thing wrong. */
export interface BadVariant {
  operationId: string;
  /** What is wrong with it, for the name of the test. */
  what: string;
  method: string;
  /** With its query, percent-encoded. */
  url: string;
  /** Without a token, unless the token is what is wrong: send one of a role in `roles`. */
  headers: Record<string, string>;
  body?: string;
  /** Whether to send a token. */
  withToken: boolean;
  /** Roles that may use the operation; `['everyone']` when it is public. */
  roles: string[];
  expected: Expectation;
}

/** Known good parts by operation id, so that variants fail for what is wrong with them and not for an id that does not exist. */
export type GoodParts = Record<string, { path?: Record<string, string>; query?: Record<string, string>; body?: Record<string, unknown> }>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const HUGE_BODY_BYTES = 300_000;
const BAD_IDS = ['T1', 'null', '0', '-1', UNKNOWN_ID.slice(1), 'ABCDEF00-0000-4000-8000-000000000000', 'x'.repeat(400), 'before%00after', '%E0%A4%A', ...HOSTILE_TEXT.map(encodeURIComponent)];

/** Malformed variants of every operation, always the same for the same document. Generated one by one: a platform has thousands. */
export function* badVariants(document: ApiDocument, good: GoodParts = {}): Generator<BadVariant> {
  for (const operation of operationsOf(document, good)) yield* operation.variants();
}

/** What the variants are made from, one request per operation: when these are refused, the variants prove nothing. */
export function goodRequests(document: ApiDocument, good: GoodParts = {}): BadVariant[] {
  return [...operationsOf(document, good)].map((operation) => operation.unspoiled());
}

function* operationsOf(document: ApiDocument, good: GoodParts): Generator<Operation> {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  for (const [template, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as ApiOperation | undefined;
      if (operation) yield new Operation(template, method.toUpperCase(), operation, schemas, good[operation.operationId ?? ''] ?? {});
    }
  }
}

/** What differs from a good request. */
interface Change {
  path?: Record<string, string>;
  query?: string;
  headers?: Record<string, string>;
  dropHeader?: string;
  body?: string;
  withToken?: boolean;
  expected: Expectation;
}

class Operation {
  private readonly parameters: ApiParameter[];
  private readonly bodySchema: ApiSchema | undefined;
  private readonly body: unknown;

  constructor(
    private readonly template: string,
    private readonly method: string,
    private readonly operation: ApiOperation,
    private readonly schemas: Schemas,
    private readonly good: GoodParts[string],
  ) {
    this.parameters = (operation.parameters ?? []).filter((parameter): parameter is ApiParameter => 'in' in parameter);
    const content = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody.content : undefined;
    this.bodySchema = content?.['application/json']?.schema;
    this.body = this.bodySchema && (good.body ?? sampleOf(this.bodySchema, schemas));
  }

  unspoiled(): BadVariant {
    return this.with('nothing', { expected: 'either' });
  }

  *variants(): Generator<BadVariant> {
    yield* this.badPaths();
    yield* this.badQueries();
    yield* this.badHeaders();
    if (this.bodySchema) {
      yield* this.badFields(this.bodySchema);
      yield* this.badBodies();
    }
  }

  private *badPaths() {
    for (const { name, schema } of this.of('path')) {
      if (resolved(schema, this.schemas).format !== 'uuid') {
        for (const text of ['before%00after', ...HOSTILE_TEXT.map(encodeURIComponent)]) yield this.with(`path ${name}: ${text}`, { path: { [name]: text }, expected: 'refused' });
        continue;
      }
      for (const id of BAD_IDS) yield this.with(`path ${name}: ${id.slice(0, 60)}`, { path: { [name]: id }, expected: 'refused' });
      // Ending what is not there may count as done; reading it may not.
      yield this.with(`path ${name}: unknown`, { path: { [name]: UNKNOWN_ID }, expected: this.method === 'GET' ? 'refused' : 'either' });
    }
  }

  private *badQueries() {
    for (const { name, schema, required } of this.of('query')) {
      const sample = encodeURIComponent(String(this.good.query?.[name] ?? sampleOf(schema ?? {}, this.schemas)));
      const { [name]: _own, ...others } = this.goodQuery();
      const rest = new URLSearchParams(others).toString();
      const beside = (query: string) => (rest ? `${rest}&${query}` : query);
      yield this.with(`query ${name} twice`, { query: beside(`${name}=${sample}&${name}=${sample}`), expected: 'refused' });
      yield this.with(`query ${name}: NUL`, { query: beside(`${name}=%00`), expected: 'refused' });
      yield this.with(`query ${name}: an object`, { query: beside(`${name}[a]=1`), expected: 'refused' });
      if (required) yield this.with(`query ${name} missing`, { query: rest, expected: 'refused' });
      for (const { value, what, expected } of badValuesFor(schema ?? {}, this.schemas, name)) {
        // In an address everything is text: a number or a boolean may be a fine text, and "7" a fine number.
        if (typeof value === 'object' || (typeof value !== 'string' && typeof sampleOf(schema ?? {}, this.schemas) === 'string')) continue;
        yield this.with(`query ${name}: ${what}`, { query: beside(`${name}=${encodeURIComponent(String(value))}`), expected });
      }
    }
    yield this.with('a query parameter nobody knows', { query: 'surprise=1', expected: this.of('query').length > 0 ? 'refused' : 'either' });
    yield this.with('a query of 10,000 characters', { query: `q=${'x'.repeat(10_000)}`, expected: 'refused' });
  }

  private *badHeaders() {
    if ((this.operation.security ?? []).length > 0) {
      yield this.with('no token', { withToken: false, expected: 'refused' });
      for (const authorization of ['Bearer nonsense', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Basic dTpw', 'Bearer']) {
        yield this.with(`authorization "${authorization}"`, { withToken: false, headers: { authorization }, expected: 'refused' });
      }
    }
    for (const { name, required } of this.of('header').filter((header) => header.name.toLowerCase() === 'idempotency-key')) {
      if (required) yield this.with(`${name} missing`, { dropHeader: name, expected: 'refused' });
      for (const key of ['two words', 'k'.repeat(256), 'caf\u00e9']) yield this.with(`${name} "${key.slice(0, 20)}"`, { headers: { [name.toLowerCase()]: key }, expected: 'refused' });
    }
  }

  private *badFields(schema: ApiSchema) {
    for (const { value, what, expected } of spoiled(this.body, schema, this.schemas)) yield this.with(`body ${what}`, { body: JSON.stringify(value), expected });
  }

  private *badBodies() {
    const text = JSON.stringify(this.body);
    const entries = Object.entries((this.body ?? {}) as object);
    const bodies: [string, string][] = [
      ['an array', `[${text}]`], ['null', 'null'], ['text', '"text"'], ['a number', '7'], ['not JSON', '{name: 1'], ['half of it', text.slice(0, -1)],
      ['two values', `${text} ${text}`], ['a thousand levels', '{"a":'.repeat(1_000)], ['forty levels', `${'['.repeat(40)}${']'.repeat(40)}`],
      ['a key called __proto__', `{"__proto__":{"roles":["operator"]},${text.slice(1)}`], ['huge', JSON.stringify({ surprise: 'x'.repeat(HUGE_BODY_BYTES) })],
      ['half of a character', `{"surprise":"\\ud800"}`],
    ];
    if (entries.length > 0) {
      const [key, value] = entries[0]!;
      bodies.push([`the key ${key} twice`, `{${JSON.stringify(key)}:${JSON.stringify(value)},${text.slice(1)}`]);
    }
    for (const [what, body] of bodies) yield this.with(`body: ${what}`, { body, expected: 'refused' });
    const optional = this.operation.requestBody !== undefined && 'required' in this.operation.requestBody && this.operation.requestBody.required === false;
    yield this.with('body: nothing', { body: '', expected: optional ? 'either' : 'refused' });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'multipart/form-data']) {
      yield this.with(`content type ${type}`, { headers: { 'content-type': type }, expected: 'refused' });
    }
  }

  private of(place: string): ApiParameter[] {
    return this.parameters.filter((parameter) => parameter.in === place);
  }

  private with(what: string, change: Change): BadVariant {
    const partOf = (name: string) => change.path?.[name] ?? encodeURIComponent(this.good.path?.[name] ?? this.samplePath(name));
    const path = this.template.replace(/\{(\w+)\}/g, (_whole, name: string) => partOf(name));
    const query = change.query ?? new URLSearchParams(this.goodQuery()).toString();
    const headers: Record<string, string> = { ...(this.bodySchema ? { 'content-type': 'application/json' } : {}), ...this.goodHeaders(change.dropHeader), ...change.headers };
    const body = this.bodySchema ? (change.body ?? JSON.stringify(this.body)) : undefined;
    return {
      operationId: this.operation.operationId ?? `${this.method} ${this.template}`,
      what,
      method: this.method,
      url: query ? `${path}?${query}` : path,
      headers,
      ...(body === undefined ? {} : { body }),
      withToken: change.withToken ?? (this.operation.security ?? []).length > 0,
      roles: this.operation['x-talon-roles'] ?? ['everyone'],
      expected: change.expected,
    };
  }

  private samplePath(name: string): string {
    return String(sampleOf(this.of('path').find((parameter) => parameter.name === name)?.schema ?? {}, this.schemas));
  }

  private goodQuery(): Record<string, string> {
    const required = this.of('query').filter((parameter) => parameter.required);
    return { ...Object.fromEntries(required.map(({ name, schema }) => [name, String(sampleOf(schema ?? {}, this.schemas))])), ...this.good.query };
  }

  private goodHeaders(without?: string): Record<string, string> {
    const keys = this.of('header').filter(({ name, required }) => required === true && name !== without);
    return Object.fromEntries(keys.map(({ name }) => [name.toLowerCase(), 'bad-input-1']));
  }
}

/** @returns what is wrong with the answer to a variant; empty when it is as it must be */
export function complaintsAbout(variant: BadVariant, answer: { status: number; contentType: string | undefined; body: string }): string[] {
  const complaints: string[] = [];
  if (answer.status >= 500) complaints.push(`status ${answer.status}`);
  if (variant.expected === 'refused' && answer.status < 400) complaints.push(`accepted with ${answer.status}`);
  if (/\n\s+at .+:\d+/.test(answer.body) || /\\n\s+at .+:\d+/.test(answer.body) || answer.body.includes('node_modules')) complaints.push('a stack trace');
  if (answer.status >= 400) complaints.push(...problemComplaints(answer));
  return complaints;
}

function problemComplaints({ status, contentType, body }: { status: number; contentType: string | undefined; body: string }): string[] {
  if (!contentType?.startsWith('application/problem+json')) return [`content type ${contentType ?? 'missing'} instead of application/problem+json`];
  const problem = parsed(body);
  if (problem === undefined) return ['a body that is no JSON object'];
  const missing = ['type', 'title', 'status', 'code', 'instance', 'next'].filter((member) => problem[member] === undefined);
  return [...missing.map((member) => `no ${member} in the problem`), ...(problem['status'] === status ? [] : ['another status in the problem'])];
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
