import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { errorTables } from '@talon/kernel';
import { PROBLEM_CODES } from './api-problems';
import { statusOf } from './problem';
import type { Route } from './routes';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { [extension: `x-${string}`]: unknown };

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'RFC 9457 problem. `code` is stable; every code is a heading in docs/errors.md.',
  required: ['type', 'title', 'status', 'instance', 'code', 'retryable', 'next'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'Path of the request.' },
    code: { type: 'string', pattern: '^[a-z-]+/[a-z-]+$' },
    retryable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
    next: { type: 'string', description: 'What to do next.' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['field', 'message'], properties: { field: { type: 'string' }, message: { type: 'string' } } },
    },
  },
  example: {
    type: 'https://talon.health/problems/talon/invalid-input', title: 'Input is not valid', status: 400, detail: 'slots[2].start must be a time as HH:mm',
    instance: '/v1/sessions', code: 'talon/invalid-input', retryable: false, next: 'Correct the fields named in `errors` and send the request again.',
    errors: [{ field: 'slots[2].start', message: 'must be a time as HH:mm' }],
  },
};

/** The OpenAPI 3.1 document: what the decorators say, with security, roles and problems added to every operation from the access rules. */
export function openApiDocument(app: NestFastifyApplication, routes: Route[], about: { title: string; version: string; description?: string }): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(about.title)
    .setDescription(about.description ?? '')
    .setVersion(about.version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: (controller, method) => operationId(controller, method) });
  const schemas: Record<string, object> = { ...document.components?.schemas, Problem: PROBLEM_SCHEMA };
  document.components = { ...document.components, schemas: schemas as NonNullable<OpenAPIObject['components']>['schemas'] };
  const byAddress = new Map(routes.map((route) => [`${route.method} ${route.path.replace(/:([A-Za-z]\w*)/g, '{$1}')}`, route]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (operation) complete(operation, byAddress.get(`${method.toUpperCase()} ${path}`), schemas);
    }
  }
  assertUniqueIds(document);
  return document;
}

/** `BookingController.cancel` → `cancelBooking`-like names would guess; `booking_cancel` is stable and unique per controller. */
const operationId = (controller: string, method: string): string => {
  const name = controller.replace(/Controller$/, '');
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${method}`;
};

const KEY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  description: 'Repeating a request with the same key gives the first answer and changes nothing. 1 to 255 visible ASCII characters.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$', example: '5f0c2e6e-booking-1' },
};

function complete(operation: Operation, route: Route | undefined, schemas: Record<string, object>) {
  const rule = route?.rule;
  const isPublic = rule?.everyone !== false;
  operation.security = isPublic ? [] : [{ bearer: [] }];
  operation['x-talon-roles'] = rule?.everyone === false ? rule.roles : ['everyone'];
  for (const parameter of operation.parameters ?? []) {
    if ('in' in parameter && parameter.in === 'path' && /^id$|Id$/.test(parameter.name)) parameter.schema = { type: 'string', format: 'uuid' };
  }
  const key = route?.idempotencyKey;
  const documented = operation.parameters?.some((parameter) => 'name' in parameter && parameter.name.toLowerCase() === 'idempotency-key');
  if (key !== undefined && !documented) operation.parameters = [...(operation.parameters ?? []), { ...KEY_PARAMETER, required: key === 'required' }];
  relaxBody(operation, schemas);
  const declared = (operation[PROBLEM_CODES] as string[] | undefined) ?? [];
  const hasInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  const common = [...(hasInput ? ['talon/invalid-input'] : []), ...(key !== undefined ? ['talon/key-missing'] : []), ...(isPublic ? [] : ['talon/unauthenticated', 'talon/forbidden']), 'talon/unavailable'];
  for (const [status, codes] of byStatus([...declared, ...common])) {
    operation.responses[status] ??= {
      description: codes.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
}

/** A body whose fields are all optional may be left out. */
function relaxBody({ requestBody }: Operation, schemas: Record<string, object>) {
  if (requestBody === undefined || !('content' in requestBody)) return;
  const schema = requestBody.content['application/json']?.schema;
  const name = schema && '$ref' in schema ? schema.$ref.split('/').pop() : undefined;
  const { required } = (schemas[name ?? ''] ?? { required: ['unknown'] }) as { required?: string[] };
  requestBody.required = (required ?? []).length > 0;
}

function byStatus(codes: string[]): Map<string, { code: string; title: string }[]> {
  const groups = new Map<string, { code: string; title: string }[]>();
  for (const code of new Set(codes)) {
    const [service, reason] = code.split('/') as [string, string];
    const definition = errorTables.get(service)?.[reason];
    if (!definition) throw new Error(`ApiProblems: no error table defines ${code}`);
    const status = String(statusOf(code, definition.category));
    groups.set(status, [...(groups.get(status) ?? []), { code, title: definition.title }]);
  }
  return new Map([...groups].sort());
}

function assertUniqueIds(document: OpenAPIObject) {
  const seen = new Set<string>();
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const id = item[method]?.operationId;
      if (id === undefined) continue;
      if (seen.has(id)) throw new Error(`two operations are called ${id}; rename a controller or a method`);
      seen.add(id);
    }
  }
}
