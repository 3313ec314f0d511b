import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PlatformConfig, PlatformModule, type Platform, openPlatform, readConfig } from '@talon/platform';
import { SERVICES } from '@talon/standalone';

@Module({})
class CommandModule {}

/**
 * The platform's services without HTTP and without running consumers, for commands that need their read models. Migrates nothing: the
 * running platform has.
 */
export async function withPlatform<T>(work: (platform: Platform) => Promise<T>): Promise<T> {
  const platform = await openPlatform({ ...readConfig(PlatformConfig), TALON_LOG_LEVEL: 'error' }, SERVICES, { rpc: 'in-process', name: 'talon-cli', migrate: false });
  try {
    const imports = [PlatformModule.forRoot(platform), ...SERVICES.map(({ module }) => module)];
    const context = await NestFactory.createApplicationContext({ module: CommandModule, imports }, { logger: false });
    try {
      return await work(platform);
    } finally {
      await context.close();
    }
  } finally {
    await platform.close();
  }
}
