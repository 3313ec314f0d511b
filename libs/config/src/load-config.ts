import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';

export interface ConfigFault {
  /** Name of the environment variable. */
  variable: string;
  /** What it must be; never what it was, since it may be a secret. */
  message: string;
}

/** The environment is not as the service needs it; `message` lists every fault, one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly faults: ConfigFault[]) {
    super(`the configuration is not valid:\n${faults.map(({ variable, message }) => `  ${variable} ${message}`).join('\n')}`);
  }
}

/**
 * Reads the environment into a class of class-validator rules whose properties are named like the variables. An empty variable counts as
 * absent, so that `FOO= npm start` means the default. Variables the class does not know are ignored.
 * @throws {ConfigError} naming every variable that is wrong, never a value
 */
export function loadConfig<T extends object>(type: new () => T, env: Record<string, string | undefined>): T {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));
  const config = plainToInstance(type, given, { exposeDefaultValues: true });
  const errors = validateSync(config, { whitelist: true, forbidUnknownValues: false, validationError: { target: false, value: false } });
  if (errors.length === 0) return Object.freeze(config);
  throw new ConfigError(
    errors.map(({ property, constraints = {}, children = [] }) => ({
      variable: property,
      message: faultOf(property, given[property] === undefined, Object.values(constraints), children.length > 0),
    })),
  );
}

function faultOf(variable: string, missing: boolean, messages: string[], nested: boolean): string {
  if (missing) return 'is missing';
  if (messages.length === 0) return nested ? 'has a part that is not valid' : 'is not valid';
  return messages.reverse().map((message) => message.replace(new RegExp(`^(each value in )?${variable} `), '$1')).join(', ');
}
