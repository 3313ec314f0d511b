import { ToBoolean, ToInteger } from '@talon/config';
import { PlatformConfig } from '@talon/platform';
import { IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** What `standalone` reads besides what every process does. */
export class StandaloneConfig extends PlatformConfig {
  /** Where the development issuer keeps its keys; absent: one directory per user below the temporary directory. */
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  TALON_DEV_KEYS?: string;

  /** Port of the development issuer; 0 = that of the last start where it is free. */
  @ToInteger()
  @IsInt()
  @Min(0)
  @Max(65_535)
  TALON_ISSUER_PORT = 0;

  /** 1: adds the control routes that `npm run bench` compares with. Never in production. */
  @ToBoolean()
  @IsBoolean()
  TALON_BENCH = false;
}
