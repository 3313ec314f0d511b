import { Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PlatformConfig, PlatformModule, type Platform, openPlatform, readConfig } from '@talon/platform';
import { SERVICES } from '@talon/standalone';

@Module({})
class CommandModule {}

/**
 * The platform's services without HTTP, consumers and timers, for commands that need their read models: nothing happens by itself here.
 * Migrates nothing: the running platform has.
 * @param config default: that of the environment
 */
export async function withPlatform<T>(work: (platform: Platform) => Promise<T>, config: PlatformConfig = readConfig(PlatformConfig)): Promise<T> {
  const quiet = Object.assign(new PlatformConfig(), config, { TALON_LOG_LEVEL: 'error' });
  const platform = await openPlatform(quiet, SERVICES, { rpc: 'in-process', name: 'talon-cli', migrate: false });
  try {
    const imports = [PlatformModule.forRoot(platform), ...SERVICES.map(({ module }) => module)];
    // Created but not initialised: the start-up hooks would set off sweepers and planners, which write.
    const app = await NestFactory.create({ module: CommandModule, imports }, new FastifyAdapter(), { logger: false, abortOnError: false });
    try {
      // This one hook registers what a service reads from the log.
      for (const { module } of SERVICES) app.get<Partial<OnModuleInit>>(module).onModuleInit?.();
      return await work(platform);
    } finally {
      await app.close();
    }
  } finally {
    await platform.close();
  }
}
