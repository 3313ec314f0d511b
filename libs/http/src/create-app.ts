import { Module, type DynamicModule, type ForwardReference, type LogLevel, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { HealthChecks, MetricsPage, type Actor, type Clock, type Log, type RequestObserver } from '@talon/kernel';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { AccessGuard } from './access.guard';
import { answerClientError } from './client-error';
import { installEdge } from './edge';
import { OperationsController, OperationsPorts } from './operations.controller';
import { NestLog } from './nest-log';
import { openApiDocument } from './openapi';
import { ProblemFilter } from './problem.filter';
import type { TalonRequest } from './request-context';
import { RouteMap, assertAccessRules, listRoutes } from './routes';
import type { TokenVerifier } from './token-verifier';
import { InputPipe } from './validation';

export const BODY_LIMIT_BYTES = 262_144;
/** Longer path segments are no id and no name of ours. */
const PARAM_LENGTH_MAX = 500;
/** For a request to arrive, not for its answer: long polls last longer. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface CreateAppOptions {
  clock: Clock;
  tokenVerifier: TokenVerifier;
  /** Of the OpenAPI document. */
  title: string;
  version?: string;
  description?: string;
  /** Default 262 144. */
  bodyLimitBytes?: number;
  log?: Log;
  /** Share of requests that are logged, 0 (default) to 1. Faults are always logged. */
  requestLogShare?: number;
  observer?: RequestObserver;
  /** For `/health/ready`; default: the HealthChecks provided anywhere in the application, if any. */
  health?: HealthChecks;
  /** For `/metrics`; default: the MetricsPage provided anywhere in the application, if any. */
  metrics?: MetricsPage;
  /** Origins browsers may call from; default none. */
  corsOrigins?: string[];
  /** Called after a token was accepted and before anything else sees the request, e.g. to move the rehearsal clock. May throw a DomainError. */
  onAuthenticated?: (actor: Actor, request: TalonRequest) => void | Promise<void>;
  /** Hooks of the edge that must run before Nest, e.g. cheap refusals. */
  onFastify?: (fastify: FastifyInstance) => void;
}

type RootModule = Type | DynamicModule | Promise<DynamicModule> | ForwardReference;

@Module({})
class EdgeModule {}

/**
 * The application, initialised and not listening: problem+json, validation, access guard, body rules, health, metrics, `/openapi.json`, `/docs`.
 * @throws when a route has no access rule, naming it
 */
export async function createApp(rootModule: RootModule, options: CreateAppOptions): Promise<NestFastifyApplication> {
  const bodyLimitBytes = options.bodyLimitBytes ?? BODY_LIMIT_BYTES;
  const routeMap = new RouteMap();
  const problems = new ProblemFilter(options.log, routeMap, bodyLimitBytes);
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: Error, request: unknown, reply: unknown) => problems.answer(error, request as TalonRequest, reply as FastifyReply),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Requests on connections that are still open while the application closes are answered as usual.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  installEdge(fastify, {
    clock: options.clock,
    bodyLimitBytes,
    log: options.log,
    requestLogShare: options.requestLogShare ?? 0,
    observer: options.observer,
  });
  options.onFastify?.(fastify);
  const ports = new OperationsPorts();
  const edge: DynamicModule = {
    module: EdgeModule,
    imports: [await rootModule],
    controllers: [OperationsController],
    providers: [{ provide: OperationsPorts, useValue: ports }],
  };
  const logger = options.log ? new NestLog(options.log) : (['error', 'warn'] as LogLevel[]);
  const app = await NestFactory.create<NestFastifyApplication>(edge, adapter, { bodyParser: false, abortOnError: false, logger });
  const routes = listRoutes(app);
  assertAccessRules(routes);
  routeMap.load(routes);
  app.useGlobalGuards(new AccessGuard(options.tokenVerifier, options.onAuthenticated));
  app.useGlobalPipes(new InputPipe());
  app.useGlobalFilters(problems);
  if (options.corsOrigins?.length) app.enableCors({ origin: options.corsOrigins });
  ports.health = options.health ?? provided(app, HealthChecks);
  ports.metrics = options.metrics ?? provided(app, MetricsPage);
  serveDocument(app, routes, options);
  await app.init();
  await fastify.ready();
  return app;
}

/** `/openapi.json` and `/docs` are the only routes outside the access check: they show no data. */
function serveDocument(app: NestFastifyApplication, routes: ReturnType<typeof listRoutes>, options: CreateAppOptions) {
  const document = openApiDocument(app, routes, { title: options.title, version: options.version ?? '1', description: options.description });
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', raw: ['json'], customSiteTitle: options.title });
}

/** A provider anywhere in the application; `app.get` would log an absent one as an error. */
function provided<T>(app: NestFastifyApplication, token: abstract new () => T): T | undefined {
  for (const module of app.get(ModulesContainer).values()) {
    const wrapper = module.providers.get(token);
    if (wrapper) return wrapper.instance as T;
  }
  return undefined;
}
