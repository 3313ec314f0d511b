import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiProperty } from '@nestjs/swagger';
import { ManualClock, type Actor } from '@talon/kernel';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { IsOptional } from 'class-validator';
import { Access, ApiProblems, Everyone, IdempotencyKey, OptionalIdempotencyKey, SafeText, TokenVerifier, createApp, listRoutes } from './index';

class RoomDto {
  @ApiProperty({ maxLength: 20 }) @SafeText(20) name: string;
  @ApiProperty({ nullable: true, type: 'string', required: false }) @IsOptional() note?: string | null;
}
@Access('hospital-admin')
@Controller('v1/rooms')
class RoomController {
  @Get(':roomId') @Everyone() @ApiProblems('talon/not-found')
  one(@Param('roomId') _id: string) {}
  @Post()
  create(@Body() _body: RoomDto, @IdempotencyKey() _key: string) {}
  @Post(':roomId/close')
  close(@Param('roomId') _id: string, @OptionalIdempotencyKey() _key: string | undefined) {}
}
@Module({ controllers: [RoomController] })
class RoomModule {}

@Access('operator')
@Controller('v1/halls')
class WrongCodeController {
  @Get() @ApiProblems('hall/no-such-code')
  list() {}
}
@Module({ controllers: [WrongCodeController] })
class WrongCodeModule {}

class Nobody extends TokenVerifier {
  override verify(): Promise<Actor> {
    return Promise.reject(new Error('not asked in this spec'));
  }
}

interface Operation {
  operationId: string;
  security: object[];
  'x-talon-roles': string[];
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  responses: Record<string, { content?: object }>;
}
interface Document {
  openapi: string;
  info: object;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
}

describe('the OpenAPI document', () => {
  let app: NestFastifyApplication;
  let text: string;
  let document: Document;
  beforeAll(async () => {
    app = await createApp(RoomModule, { clock: new ManualClock(0), tokenVerifier: new Nobody(), title: 'Rooms', version: '3' });
    text = (await app.inject({ method: 'GET', url: '/openapi.json' })).body;
    document = JSON.parse(text) as Document;
  });
  afterAll(() => app.close());

  it('is 3.1, without what 3.1 no longer knows', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Rooms', version: '3' } });
    expect(text).not.toContain('"nullable"');
    expect(document.components.schemas['RoomDto']).toMatchObject({ properties: { note: { type: ['string', 'null'] } } });
  });

  it('has schemas that JSON Schema 2020-12 accepts, and references that lead somewhere', () => {
    const ajv = addFormats(new Ajv2020({ strict: false }));
    for (const schema of Object.values(document.components.schemas)) expect(ajv.validateSchema(schema)).toBe(true);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(document.components.schemas).toHaveProperty(name!);
  });

  it('says who may use each operation', () => {
    expect(document.paths['/v1/rooms/{roomId}']!['get']).toMatchObject({ security: [], 'x-talon-roles': ['everyone'] });
    expect(document.paths['/v1/rooms']!['post']).toMatchObject({ security: [{ bearer: [] }], 'x-talon-roles': ['hospital-admin'] });
    expect(document.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
  });

  it('names operations the same way always', () => {
    const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    expect(ids.sort()).toEqual(['room_close', 'room_create', 'room_one']);
  });

  it('shows ids as ids and idempotency keys where handlers take them', () => {
    const parametersOf = (path: string, method: string) => document.paths[path]![method]!.parameters!;
    const roomId = { name: 'roomId', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };
    expect(parametersOf('/v1/rooms/{roomId}', 'get')).toEqual([expect.objectContaining(roomId)]);
    expect(parametersOf('/v1/rooms', 'post')).toEqual([expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true })]);
    expect(parametersOf('/v1/rooms/{roomId}/close', 'post')).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', required: false }));
  });

  it('lists the problems of each operation', () => {
    const { responses } = document.paths['/v1/rooms/{roomId}']!['get']!;
    expect(Object.keys(responses).sort()).toEqual(['200', '400', '404', '503']);
    expect(responses['404']!.content).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
    expect(Object.keys(document.paths['/v1/rooms']!['post']!.responses).sort()).toEqual(['201', '400', '401', '403', '503']);
  });

  it('leaves out the routes of operations, which are public all the same', () => {
    expect(Object.keys(document.paths).every((path) => path.startsWith('/v1/'))).toBe(true);
    const open = listRoutes(app).filter(({ rule }) => rule?.everyone === true).map(({ path }) => path);
    expect(open.sort()).toEqual(['/health/live', '/health/ready', '/metrics', '/v1/rooms/:roomId']);
  });

  it('does not come about with a problem no error table defines', async () => {
    await expect(createApp(WrongCodeModule, { clock: new ManualClock(0), tokenVerifier: new Nobody(), title: 'Halls' })).rejects.toThrow('hall/no-such-code');
  });
});
