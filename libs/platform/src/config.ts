import { ToBoolean, ToInteger, loadConfig } from '@talon/config';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;
export const WORKERS_MAX = 16;

/** The environment of every process of the platform. Which variables there are, what they mean and what they may be; nothing else reads them. */
export class PlatformConfig {
  /** Read models, feeds and (without EVENTSTORE_URL) the event store. */
  @Matches(/^postgres(ql)?:\/\/\S+$/, { message: 'must be a postgres:// address' })
  DATABASE_URL: string;

  @Matches(/^rediss?:\/\/\S+$/, { message: 'must be a redis:// address' })
  REDIS_URL: string;

  @Matches(/^(nats|tls):\/\/\S+$/, { message: 'must be a nats:// address' })
  NATS_URL: string;

  /** An EventStoreDB; absent: events are kept in PostgreSQL. */
  @IsOptional()
  @Matches(/^esdb(\+discover)?:\/\/\S+$/, { message: 'must be an esdb:// address' })
  EVENTSTORE_URL?: string;

  /** 0 = any free port. */
  @ToInteger()
  @IsInt()
  @Min(0)
  @Max(65_535)
  TALON_PORT = 8080;

  /** Address to listen on. */
  @IsString()
  @MaxLength(255)
  TALON_HOST = '127.0.0.1';

  /** Whose access tokens are believed. Absent: `standalone` starts a development issuer of its own. */
  @IsOptional()
  @Matches(/^https?:\/\/\S+$/, { message: 'must be an http(s) address' })
  TALON_ISSUER?: string;

  @IsString()
  @MaxLength(255)
  TALON_AUDIENCE = 'talon';

  /** 1: time stands still until somebody moves it (`PUT /v1/rehearsal/clock`). Never in production. */
  @ToBoolean()
  @IsBoolean()
  TALON_REHEARSAL = false;

  /** 32 bytes in base64: encrypts the key of every person. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9+/_-]{43}=?$/, { message: 'must be 32 bytes in base64' })
  TALON_VAULT_KEY?: string;

  /** Processes that share the port of `standalone`; absent: one per core. */
  @IsOptional()
  @ToInteger()
  @IsInt()
  @Min(1)
  @Max(WORKERS_MAX)
  TALON_WORKERS?: number;

  /** Connections per process to read models. */
  @ToInteger()
  @IsInt()
  @Min(4)
  @Max(100)
  TALON_DATABASE_CONNECTIONS = 16;

  @IsIn(LOG_LEVELS)
  TALON_LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'info';
}

/** @throws {ConfigError} naming every variable that is missing or wrong, never a value */
export const readConfig = <C extends PlatformConfig>(type: new () => C): C => loadConfig(type, process.env);
