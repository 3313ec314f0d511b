/** Where the running platform is. `npm run -s talon` fills these in from the platform started with `npm start`; set them to reach another one. */
export interface CliConfig {
  /** Address of the HTTP API, e.g. http://127.0.0.1:8080. */
  url: string;
  databaseUrl?: string;
  eventStoreUrl?: string;
  /** Issuer whose development tokens the CLI may fetch. */
  issuer?: string;
  /** Directory with the development issuer's client secret. */
  devKeysDir?: string;
  /** A token to use instead of a development one. */
  token?: string;
}

/** @throws in one sentence that names the variable when an address is none; never prints its value */
export function readConfig(): CliConfig {
  const { env } = process;
  const url = env['TALON_URL'] || `http://127.0.0.1:${env['TALON_PORT'] || '8080'}`;
  if (!URL.canParse(url) || !/^https?:\/\/[^/]+\/?$/.test(url)) throw new Error('TALON_URL (or TALON_PORT) must make an address such as http://127.0.0.1:8080');
  return {
    url: url.replace(/\/$/, ''),
    databaseUrl: env['DATABASE_URL'],
    eventStoreUrl: env['EVENTSTORE_URL'],
    issuer: env['TALON_ISSUER'],
    devKeysDir: env['TALON_DEV_KEYS'],
    token: env['TALON_TOKEN'],
  };
}
