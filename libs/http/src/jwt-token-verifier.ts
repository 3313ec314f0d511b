import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { ROLES, commonError, type Actor, type DomainError, type Role } from '@talon/kernel';
import { TokenVerifier } from './token-verifier';

const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;
const ISSUER_TIMEOUT_MS = 3_000;
const ACTORS_REMEMBERED_MAX = 10_000;
const REFUSALS_REMEMBERED_MAX = 1_000;
const REFUSAL_KEPT_MS = 10_000;

export interface JwtTokenVerifierOptions {
  /** As in the token's `iss`; keys are found through its `/.well-known/openid-configuration`, on the first token. */
  issuer: string;
  audience: string;
}

type Remembered<T> = Map<string, { value: T; untilMs: number }>;

/**
 * JWTs of one OIDC issuer. Verified tokens are remembered until they expire, refused ones for 10 s, in bounded Maps that forget the oldest;
 * two of them, so that a flood of bad tokens cannot push the good ones out. Expiry goes by the real clock, even in a rehearsal: tokens are
 * made by an issuer who knows no other.
 */
export class JwtTokenVerifier extends TokenVerifier {
  private readonly actors: Remembered<Actor> = new Map();
  private readonly refusals: Remembered<DomainError> = new Map();
  private keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(private readonly options: JwtTokenVerifierOptions) {
    super();
  }

  override remembered(token: string): Actor | undefined {
    return recall(this.actors, token);
  }

  override async verify(token: string): Promise<Actor> {
    const known = recall(this.actors, token);
    if (known) return known;
    const refused = recall(this.refusals, token);
    if (refused) throw refused;
    const payload = await this.payloadOf(token);
    const actor = actorOf(payload);
    remember(this.actors, ACTORS_REMEMBERED_MAX, token, actor, (payload.exp ?? 0) * 1000);
    return actor;
  }

  private async payloadOf(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, await this.keySet(), {
        issuer: this.options.issuer,
        audience: this.options.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub'],
      });
      return payload;
    } catch (error) {
      if (!saysTokenIsBad(error)) throw commonError('unavailable', 'The keys of the token issuer cannot be had');
      const refusal = commonError('unauthenticated', error.code === 'ERR_JWT_EXPIRED' ? 'The access token has expired' : 'The access token is not valid');
      remember(this.refusals, REFUSALS_REMEMBERED_MAX, token, refusal, Date.now() + REFUSAL_KEPT_MS);
      throw refusal;
    }
  }

  /** Found once; a failed search is forgotten, so that the next token tries again. */
  private keySet(): Promise<JWTVerifyGetKey> {
    this.keys ??= discover(this.options.issuer).catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }
}

function recall<T>(memory: Remembered<T>, token: string): T | undefined {
  const entry = memory.get(token);
  if (!entry) return undefined;
  if (entry.untilMs > Date.now()) return entry.value;
  memory.delete(token);
  return undefined;
}

function remember<T>(memory: Remembered<T>, entriesMax: number, token: string, value: T, untilMs: number) {
  if (memory.size >= entriesMax) {
    const oldest = memory.keys().next().value;
    if (oldest !== undefined) memory.delete(oldest);
  }
  memory.set(token, { value, untilMs });
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await steadyFetch(address, { signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`discovery answered ${response.status}`);
  const { jwks_uri: keysAddress } = (await response.json()) as { jwks_uri?: unknown };
  if (typeof keysAddress !== 'string') throw new Error('discovery names no jwks_uri');
  return createRemoteJWKSet(new URL(keysAddress), { timeoutDuration: ISSUER_TIMEOUT_MS, [customFetch]: steadyFetch });
}

/** Once more when the connection failed: one kept open to an issuer that has restarted since is dead without having told us. */
async function steadyFetch(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    return fetch(address, init);
  }
}

/** Errors about the token; anything else is about the issuer or the way to it. */
function saysTokenIsBad(error: unknown): error is errors.JOSEError {
  if (!(error instanceof errors.JOSEError)) return false;
  return ![errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code].includes(error.code);
}

function actorOf(payload: JWTPayload): Actor {
  const roles = texts(payload['roles']).filter((role): role is Role => (ROLES as readonly string[]).includes(role));
  if (roles.length === 0) throw commonError('forbidden', 'The access token names no role that Talon knows');
  return {
    subject: payload.sub!,
    roles,
    hospitalIds: texts(payload['hospital_ids']),
    ...(typeof payload['patient_id'] === 'string' ? { patientId: payload['patient_id'] } : {}),
    ...(typeof payload['portal_id'] === 'string' ? { portalId: payload['portal_id'] } : {}),
  };
}

const texts = (claim: unknown): string[] => (Array.isArray(claim) ? claim.filter((item): item is string => typeof item === 'string') : []);
