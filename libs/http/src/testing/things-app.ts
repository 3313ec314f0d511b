import { Body, Controller, Get, Module, Param, Post, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiProperty } from '@nestjs/swagger';
import { UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { ManualClock, currentTrace, defineErrors, type Actor } from '@talon/kernel';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import {
  Access, ApiProblems, CurrentActor, Everyone, IdempotencyKey, IsLocalTime, OptionalActor, OptionalIdempotencyKey, RequestMetadata, SafeText,
  TokenVerifier, createApp, type CreateAppOptions, type Problem,
} from '../index';

export const ID = '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c001';
export const thingError = defineErrors('thing', {
  'not-found': { category: 'not-found', title: 'No such thing', next: 'Make one.' },
  'in-progress': { category: 'conflict', title: 'Still being made', next: 'Repeat the request.', retryable: true },
});

class SlotDto {
  @ApiProperty() @IsLocalTime() start: string;
}
class ThingDto {
  @ApiProperty() @SafeText(20) name: string;
  @ApiProperty({ type: [SlotDto], required: false })
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => SlotDto)
  slots?: SlotDto[];
}
class ListQuery {
  @ApiProperty({ required: false, type: 'integer' }) @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(500) limit?: number;
}

const THROWN: Record<string, () => unknown> = {
  'not-found': () => thingError('not-found', 'Thing t1 does not exist', { data: { alternatives: ['t2'] } }),
  'in-progress': () => thingError('in-progress', 'Thing t1 is being made'),
  'wrong-revision': () => new WrongRevisionError('thing-1', 3, 4),
  'unknown-outcome': () => new UnknownOutcomeError('connection lost to postgres://u:pw@h'),
  'fault': () => new Error('secret detail of postgres://u:pw@h'),
  'outage': () => Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }),
  'outage-everywhere': () => new AggregateError([Object.assign(new Error('::1'), { code: 'ECONNREFUSED' })]),
  'shutdown': () => Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
  'text': () => 'just text',
};

@Controller('v1/things')
class ThingController {
  @Get() @Everyone()
  list(@Query() query: ListQuery) {
    return { limit: query.limit ?? null };
  }
  @Get('whoami') @Everyone()
  whoami(@OptionalActor() actor: Actor | undefined) {
    return { subject: actor?.subject ?? null, trace: currentTrace() };
  }
  @Get('throws/:what') @Everyone()
  throws(@Param('what') what: string) {
    throw THROWN[what]!();
  }
  @Get(':id') @Everyone() @ApiProblems('thing/not-found')
  one(@Param('id') id: string) {
    return { id };
  }
  @Post() @Access('registrar') @ApiProblems('thing/in-progress')
  create(@Body() body: ThingDto, @CurrentActor() actor: Actor, @IdempotencyKey() key: string, @RequestMetadata() metadata: object) {
    return { body, subject: actor.subject, key, metadata };
  }
  @Post(':id/touch') @Access('operator', 'registrar')
  touch(@OptionalIdempotencyKey() key: string | undefined, @RequestMetadata() metadata: object) {
    return { key: key ?? null, metadata };
  }
}
@Module({ controllers: [ThingController] })
export class ThingModule {}

/** `Bearer <role>` is somebody with that role. */
export class RoleVerifier extends TokenVerifier {
  override async verify(role: string): Promise<Actor> {
    return { subject: `${role}-1`, roles: [role as Actor['roles'][number]], hospitalIds: [] };
  }
}

export const startThings = (options: Partial<CreateAppOptions> = {}): Promise<NestFastifyApplication> =>
  createApp(ThingModule, { clock: new ManualClock(Date.UTC(2026, 2, 1)), tokenVerifier: new RoleVerifier(), title: 'Things', ...options });

/** The problem in an answer, after checking what is true of all of them. */
export function problemOf(answer: { statusCode: number; headers: Record<string, unknown>; json<T>(): T }): Problem {
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const problem = answer.json<Problem>();
  expect(problem).toMatchObject({ status: answer.statusCode, type: `https://talon.health/problems/${problem.code}` });
  expect([typeof problem.retryable, typeof problem.next]).toEqual(['boolean', 'string']);
  return problem;
}

/** Requests to a started application, as a registrar with a key unless said otherwise. */
export const requestsTo = (app: () => NestFastifyApplication) => ({
  get: (url: string, headers: Record<string, string> = {}) => app().inject({ method: 'GET', url, headers }),
  post: (payload: unknown, headers: Record<string, string> = {}) =>
    app().inject({
      method: 'POST', url: '/v1/things',
      headers: { 'authorization': 'Bearer registrar', 'idempotency-key': 'k1', 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
    }),
});
