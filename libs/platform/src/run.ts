import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type CreateAppOptions, JwtTokenVerifier, type TalonRequest, createApp, isInstant } from '@talon/http';
import { type Actor, commonError } from '@talon/kernel';
import { RequestHistogram } from '@talon/observability';
import type { FastifyInstance } from 'fastify';
import { BootError, bootMessage, listenError } from './boot-error';
import { PlatformConfig, readConfig } from './config';
import { type Platform, type PlatformOptions, openPlatform } from './platform';
import { PlatformModule } from './platform.module';
import { RehearsalClock } from './rehearsal-clock';
import type { ServiceDefinition } from './service-definition';

/** Requests under way get so long to finish when the process is told to stop. */
const DRAIN_MS_MAX = 10_000;
const CLOSE_IDLE_MS = 50;
const REHEARSAL_HEADER = 'talon-rehearsal-now';

export interface StartOptions extends PlatformOptions {
  /** Of the OpenAPI document. */
  title: string;
  description?: string;
  /** Besides the services' own, e.g. with controllers over all services. */
  modules?: (Type | DynamicModule)[];
  /** Routes that bypass Nest. */
  onFastify?: CreateAppOptions['onFastify'];
}

export interface RunningApp {
  app: NestFastifyApplication;
  platform: Platform;
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Stops accepting, lets requests finish (at most 10 s), stops feeds, closes connections. A repeat waits for the first. */
  stop(): Promise<void>;
}

@Module({})
class RootModule {}

/** Opens the platform, composes the services and listens. @throws {BootError} one sentence for the operator; nothing stays open then */
export async function startApp(config: PlatformConfig, services: ServiceDefinition[], options: StartOptions): Promise<RunningApp> {
  const issuer = config.TALON_ISSUER;
  if (issuer === undefined) throw new BootError('TALON_ISSUER is not set: name the OpenID provider whose access tokens are believed');
  const platform = await openPlatform(config, services, options);
  let app: NestFastifyApplication | undefined;
  try {
    const modules = [PlatformModule.forRoot(platform), ...services.map(({ module }) => module), ...(options.modules ?? [])];
    app = await createApp({ module: RootModule, imports: modules }, {
      clock: platform.clock,
      tokenVerifier: new JwtTokenVerifier({ issuer, audience: config.TALON_AUDIENCE }),
      title: options.title,
      description: options.description,
      log: platform.log,
      observer: new RequestHistogram(platform.registry),
      onAuthenticated: rehearsalHeader(platform),
      onFastify: options.onFastify,
    });
    platform.feeds.start();
    const url = await listen(app, config);
    platform.log.info({ url }, 'ready');
    return { app, platform, url, stop: stopOnce(app, platform) };
  } catch (error) {
    await app?.close().catch(() => undefined);
    await platform.close();
    throw error;
  }
}

const serverOf = (app: NestFastifyApplication) => app.getHttpAdapter().getInstance() as unknown as FastifyInstance;

async function listen(app: NestFastifyApplication, config: PlatformConfig): Promise<string> {
  try {
    // Not app.listen: Nest would print the fault in its own words before we can say it in one sentence.
    return await serverOf(app).listen({ port: config.TALON_PORT, host: config.TALON_HOST });
  } catch (error) {
    throw listenError(error, config.TALON_PORT);
  }
}

function stopOnce(app: NestFastifyApplication, platform: Platform) {
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    const { server } = serverOf(app);
    // Connections kept alive whose last request finishes now would hold the server open until they time out.
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
    const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS_MAX);
    await app.close().catch((error: unknown) => platform.log.warn({ err: error }, 'not closed cleanly'));
    clearInterval(idle);
    clearTimeout(late);
    await platform.close();
  };
  return () => (stopping ??= stop());
}

/** In a rehearsal, the header moves the clock before anything else looks at the request; otherwise it is ignored. */
function rehearsalHeader({ clock }: Platform): ((actor: Actor, request: TalonRequest) => void) | undefined {
  if (!(clock instanceof RehearsalClock)) return undefined;
  return (actor, request) => {
    const instant = request.headers[REHEARSAL_HEADER];
    if (instant === undefined) return;
    if (actor.roles.every((role) => role === 'patient')) throw commonError('forbidden', 'Patients do not move the rehearsal clock');
    if (typeof instant !== 'string' || !isInstant(instant)) {
      const fields = [{ field: 'Talon-Rehearsal-Now', message: 'must be an instant as 2026-03-01T09:00:00Z' }];
      throw commonError('invalid-input', 'Talon-Rehearsal-Now must be an instant', { fields });
    }
    clock.advanceTo(Date.parse(instant));
  };
}

/**
 * Stops on SIGTERM and SIGINT with exit code 0. Further signals change nothing: a terminal and a parent process may both send one, and
 * stopping is bounded anyway.
 */
export function stopOnSignals(stop: () => Promise<void>): void {
  const onSignal = () => void stop().then(() => process.exit(0), () => process.exit(1));
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** Runs `main`; what it throws is printed as one sentence, and the exit code is 1. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${bootMessage(error)}\n`);
    process.exit(1);
  });
}

/** A service alone: HTTP on TALON_PORT, the others over NATS; its own projections, reactions and relay only. */
export async function runService(definition: ServiceDefinition): Promise<void> {
  runMain(async () => {
    const { stop } = await startApp(readConfig(PlatformConfig), [definition], { rpc: 'nats', title: `Talon ${definition.name}` });
    stopOnSignals(stop);
  });
}
