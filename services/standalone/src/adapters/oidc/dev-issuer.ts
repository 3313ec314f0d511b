import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEV_CLIENT_ID, DEV_TOKEN_GRANT, DEV_TOKEN_SECONDS_MAX, DEV_TOKEN_SECONDS_MIN } from '@talon/http';
import { ROLES, isId } from '@talon/kernel';
import { Provider, errors, type TokenRequestContext } from 'oidc-provider';
import { devKeys, rememberPort, rememberedPort, type DevKeys } from './dev-keys';

export const DEV_AUDIENCE = 'talon';
/** Confidential client for trying `client_credentials` as a portal; its secret is the development client's. */
export const DEV_PORTAL_CLIENT_ID = 'talon-portal';
const RESOURCE = 'urn:talon:api';
const GRANT_PARAMETERS = ['role', 'patient', 'hospital', 'portal', 'subject', 'ttl'];
const SUBJECT = /^[\x21-\x7e]{1,128}$/;
const STOP_DEADLINE_MS = 1_000;

export interface DevIssuerOptions {
  /** 0 takes the port of the last start when it is free, else any free one. */
  port: number;
  host: string;
  /** Where keys and the client secret are kept. */
  keysDir: string;
  /** Default `talon`. */
  audience?: string;
  /** Told about faults of the issuer. */
  onFault?: (error: Error) => void;
}

export interface DevIssuer {
  issuer: string;
  /** Ends open connections too. May be called twice. */
  stop(): Promise<void>;
}

/**
 * An OpenID provider for development and rehearsals: whoever can read its key directory may be anybody, so it listens on loopback only.
 * @throws when the port is taken or the key directory cannot be used
 */
export async function startDevIssuer(options: DevIssuerOptions): Promise<DevIssuer> {
  if (!['127.0.0.1', '::1', 'localhost'].includes(options.host)) throw new Error('the development issuer listens on loopback only');
  const keys = devKeys(options.keysDir);
  const server = await listening(options);
  const { port } = server.address() as AddressInfo;
  rememberPort(options.keysDir, port);
  const issuer = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  const provider = providerFor(issuer, keys, options.audience ?? DEV_AUDIENCE);
  if (options.onFault) provider.on('server_error', (_ctx, error) => options.onFault?.(error));
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return { issuer, stop: () => stopped(server) };
}

function providerFor(issuer: string, keys: DevKeys, audience: string): Provider {
  const provider = new Provider(issuer, configuration(keys, audience));
  provider.registerGrantType(DEV_TOKEN_GRANT, (ctx) => answerDevToken(provider, ctx, audience), GRANT_PARAMETERS);
  return provider;
}

function configuration(keys: DevKeys, audience: string): object {
  const common = { client_secret: keys.clientSecret, redirect_uris: [], response_types: [] };
  const client = (client_id: string, grant: string) => ({ ...common, client_id, grant_types: [grant] });
  return {
    adapter: NothingStored,
    clients: [client(DEV_CLIENT_ID, DEV_TOKEN_GRANT), client(DEV_PORTAL_CLIENT_ID, 'client_credentials')],
    jwks: { keys: [keys.signingKey] },
    cookies: { keys: [keys.cookieKey] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, defaultResource: () => RESOURCE, getResourceServerInfo: () => resourceServer(audience) },
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256', token_endpoint_auth_method: 'client_secret_post' },
    ttl: { ClientCredentials: (ctx: TokenRequestContext) => secondsOf(ctx.oidc.params) },
    formats: { customizers: { jwt: (ctx: TokenRequestContext, _token: unknown, jwt: { payload: object }) => void Object.assign(jwt.payload, claimsOf(ctx)) } },
  };
}

/** JWTs are not looked up and the clients are in the configuration, so there is nothing to keep. */
class NothingStored {
  async find() {
    return undefined;
  }
  async findByUid() {
    return undefined;
  }
  async findByUserCode() {
    return undefined;
  }
  async upsert() {
    throw new Error('the development issuer keeps nothing');
  }
  async consume() {}
  async destroy() {}
  async revokeByGrantId() {}
}

const resourceServer = (audience: string) => ({ scope: '', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } });

async function answerDevToken(provider: Provider, ctx: TokenRequestContext, audience: string) {
  assertDevParameters(ctx.oidc.params);
  const token = new provider.ClientCredentials({ client: ctx.oidc.client });
  token.resourceServer = new provider.ResourceServer(RESOURCE, resourceServer(audience));
  const value = await token.save();
  ctx.body = { access_token: value, expires_in: token.expiration, token_type: token.tokenType };
}

function assertDevParameters({ role, patient, hospital, portal, subject, ttl }: Record<string, string | undefined>) {
  const refuse = (what: string) => {
    throw new errors.InvalidRequest(what);
  };
  if (!ROLES.some((known) => known === role)) refuse(`role must be one of ${ROLES.join(', ')}`);
  if (patient !== undefined && !isId(patient)) refuse('patient must be an id');
  if (hospital !== undefined && !hospital.split(',').every(isId)) refuse('hospital must be an id, or several with commas between');
  if (portal !== undefined && !SUBJECT.test(portal)) refuse('portal must be 1 to 128 visible ASCII characters');
  if (subject !== undefined && !SUBJECT.test(subject)) refuse('subject must be 1 to 128 visible ASCII characters');
  if (ttl !== undefined && !(Number(ttl) >= DEV_TOKEN_SECONDS_MIN && Number(ttl) <= DEV_TOKEN_SECONDS_MAX)) {
    refuse(`ttl must be ${DEV_TOKEN_SECONDS_MIN} to ${DEV_TOKEN_SECONDS_MAX} seconds`);
  }
}

const secondsOf = ({ ttl }: Record<string, string | undefined>): number => (ttl === undefined ? DEV_TOKEN_SECONDS_MAX : Math.floor(Number(ttl)));

function claimsOf({ oidc: { client, params } }: TokenRequestContext): object {
  if (client.clientId === DEV_PORTAL_CLIENT_ID) return { roles: ['portal'], portal_id: DEV_PORTAL_CLIENT_ID };
  const { role, patient, hospital, portal, subject } = params;
  const parts = ['dev', role, patient ?? hospital ?? portal].filter((part) => part !== undefined);
  return {
    sub: subject ?? parts.join(':'),
    roles: [role],
    ...(patient !== undefined ? { patient_id: patient } : {}),
    ...(hospital !== undefined ? { hospital_ids: hospital.split(',') } : {}),
    ...(portal !== undefined ? { portal_id: portal } : {}),
  };
}

async function listening({ port, host, keysDir }: DevIssuerOptions): Promise<Server> {
  if (port !== 0) return listen(port, host);
  const last = rememberedPort(keysDir);
  if (last === 0) return listen(0, host);
  return listen(last, host).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    return listen(0, host);
  });
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function stopped(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    const timer = setTimeout(() => server.closeAllConnections(), STOP_DEADLINE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
