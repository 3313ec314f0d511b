import { Body, Controller, Delete, Get, Module, Param, Post, Query, type Type as ClassOf } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiProperty } from '@nestjs/swagger';
import { Access, Everyone, IdempotencyKey, IsInstant, IsLocalDate, IsTalonId, IsZone, SafeText, TokenVerifier, createApp } from '@talon/http';
import { SystemClock, commonError, type Actor } from '@talon/kernel';
import { Type } from 'class-transformer';
import { ArrayNotEmpty, IsArray, IsBoolean, IsIn, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { badVariants, complaintsAbout, type ApiDocument, type BadVariant } from './bad-input';

const ID = '0b8f7a52-6f0e-4c33-9a40-1de1a2b9c001';

class VisitDto {
  @ApiProperty({ format: 'date-time' }) @IsInstant() at: string;
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 100 }) @IsInt() @Min(1) @Max(100) minutes: number;
}
class PersonDto {
  @ApiProperty({ maxLength: 100 }) @SafeText(100) name: string;
  @ApiProperty({ format: 'uuid' }) @IsTalonId() hospitalId: string;
  @ApiProperty({ format: 'date' }) @IsLocalDate() birthDate: string;
  @ApiProperty({ enum: ['red', 'blue'] }) @IsIn(['red', 'blue']) colour: string;
  @ApiProperty({ example: 'Europe/Madrid', required: false }) @IsOptional() @IsZone() zone?: string;
  @ApiProperty({ required: false }) @IsOptional() @IsBoolean() urgent?: boolean;
  @ApiProperty({ type: [VisitDto] }) @IsArray() @ArrayNotEmpty() @ValidateNested({ each: true }) @Type(() => VisitDto) visits: VisitDto[];
}
class PeopleQuery {
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 500 }) @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(500) limit?: number;
  @ApiProperty({ format: 'date', required: false }) @IsOptional() @IsLocalDate() from?: string;
}

@Controller('v1/people')
class PeopleController {
  @Get() @Everyone()
  list(@Query() _query: PeopleQuery) {
    return { items: [] };
  }
  @Get(':id') @Access('registrar')
  one(@Param('id') id: string) {
    if (id !== ID) throw commonError('not-found', 'There is no such person');
    return { id };
  }
  @Post() @Access('registrar')
  create(@Body() body: PersonDto, @IdempotencyKey() _key: string) {
    return { name: body.name.toUpperCase(), visits: body.visits.map(({ minutes }) => minutes.toFixed(0)) };
  }
  @Delete(':id') @Access('registrar')
  end(@Param('id') _id: string) {}
}
@Module({ controllers: [PeopleController] })
class SoundModule {}

class LaxDto {
  @ApiProperty({ format: 'date' }) @IsOptional() from: string;
}
/** Believes what it is sent: what the generator is there to find. */
@Controller('v1/lax')
class LaxController {
  @Post() @Everyone()
  create(@Body() body: LaxDto) {
    return { year: body.from.slice(0, 4) };
  }
}
@Module({ controllers: [LaxController] })
class LaxModule {}

class RegistrarVerifier extends TokenVerifier {
  override async verify(token: string): Promise<Actor> {
    if (token !== 'good') throw commonError('unauthenticated', 'The access token is not valid');
    return { subject: 'r1', roles: ['registrar'], hospitalIds: [] };
  }
}

const start = (module: ClassOf) => createApp(module, { clock: new SystemClock(), tokenVerifier: new RegistrarVerifier(), title: 'Test' });
const documentOf = async (app: NestFastifyApplication) => (await app.inject({ method: 'GET', url: '/openapi.json' })).json<ApiDocument>();

async function send(app: NestFastifyApplication, variant: BadVariant) {
  const headers = { ...(variant.withToken ? { authorization: 'Bearer good' } : {}), ...variant.headers };
  const answer = await app.inject({ method: variant.method as 'GET', url: variant.url, headers, ...(variant.body === undefined ? {} : { payload: variant.body }) });
  return complaintsAbout(variant, { status: answer.statusCode, contentType: answer.headers['content-type'] as string | undefined, body: answer.body });
}

describe('generated bad input', () => {
  let sound: NestFastifyApplication;
  let lax: NestFastifyApplication;
  beforeAll(async () => {
    sound = await start(SoundModule);
    lax = await start(LaxModule);
  });
  afterAll(() => Promise.all([sound.close(), lax.close()]));

  it('is refused by an application that checks what it is sent', async () => {
    const failures: string[] = [];
    let sent = 0;
    for (const variant of badVariants(await documentOf(sound), { people_one: { path: { id: ID } }, people_end: { path: { id: ID } } })) {
      sent++;
      for (const complaint of await send(sound, variant)) failures.push(`${variant.operationId} ${variant.what}: ${complaint}`);
    }
    expect(failures).toEqual([]);
    expect(sent).toBeGreaterThan(250);
  });

  it('spoils every field of every level', async () => {
    const whats = [...badVariants(await documentOf(sound))].map(({ operationId, what }) => `${operationId} ${what}`);
    for (const field of ['name', 'hospitalId', 'birthDate', 'colour', 'zone', 'urgent', 'visits', 'visits[0].at', 'visits[0].minutes']) {
      expect(whats).toContain(`people_create body ${field}: null`);
    }
    expect(whats).toEqual(expect.arrayContaining(['people_create body: the key name twice', 'people_create Idempotency-Key missing', 'people_list query limit twice', 'people_one no token', 'people_one path id: unknown']));
  });

  it('starts from a request that is accepted, so that it is refused for what is wrong with it', async () => {
    const [variant] = [...badVariants(await documentOf(sound), { people_create: {} })].filter(({ operationId, what }) => operationId === 'people_create' && what.startsWith("body name: \"'; DROP"));
    const answer = await sound.inject({ method: 'POST', url: variant!.url, headers: { authorization: 'Bearer good', ...variant!.headers }, payload: variant!.body });
    expect(answer.statusCode).toBe(201);
  });

  it('finds an application that believes it', async () => {
    const complaints = new Set<string>();
    for (const variant of badVariants(await documentOf(lax))) for (const complaint of await send(lax, variant)) complaints.add(complaint);
    expect([...complaints].sort()).toEqual(expect.arrayContaining(['accepted with 201', 'status 500']));
  });

  it.each([
    [{ status: 400, contentType: 'application/json', body: '{}' }, 'content type'],
    [{ status: 400, contentType: 'application/problem+json', body: '{}' }, 'no code'],
    [{ status: 400, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'Error: x\n    at f (/app/x.js:1:2)' }) }, 'stack trace'],
  ])('complains about %j', async (answer, complaint) => {
    const [variant] = [...badVariants(await documentOf(lax))];
    expect(complaintsAbout(variant!, answer).join()).toContain(complaint);
  });
});
