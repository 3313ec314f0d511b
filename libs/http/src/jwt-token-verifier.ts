import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { ROLES, commonError, type Actor, type DomainError, type Role } from '@talon/kernel';
import { TokenVerifier } from './token-verifier';

const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;
const ISSUER_TIMEOUT_MS = 3_000;
const CACHE_ENTRIES_MAX = 10_000;
const REFUSAL_KEPT_MS = 10_000;

export interface JwtTokenVerifierOptions {
  /** As in the token's `iss`; keys are found through its `/.well-known/openid-configuration`, on the first token. */
  issuer: string;
  audience: string;
}

type Remembered = { actor: Actor; untilMs: number } | { refusal: DomainError; untilMs: number };

/**
 * JWTs of one OIDC issuer. Verified tokens are remembered until they expire, refused ones for 10 s; both in one bounded Map that forgets the
 * oldest. Expiry goes by the real clock, even in a rehearsal: tokens are made by an issuer who knows no other.
 */
export class JwtTokenVerifier extends TokenVerifier {
  private readonly cache = new Map<string, Remembered>();
  private keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(private readonly options: JwtTokenVerifierOptions) {
    super();
  }

  override remembered(token: string): Actor | undefined {
    const entry = this.cache.get(token);
    return entry && 'actor' in entry && entry.untilMs > Date.now() ? entry.actor : undefined;
  }

  override async verify(token: string): Promise<Actor> {
    const entry = this.cache.get(token);
    if (entry && entry.untilMs > Date.now()) {
      if ('actor' in entry) return entry.actor;
      throw entry.refusal;
    }
    this.cache.delete(token);
    const payload = await this.payloadOf(token);
    const actor = actorOf(payload);
    this.remember(token, { actor, untilMs: (payload.exp ?? 0) * 1000 });
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
      this.remember(token, { refusal, untilMs: Date.now() + REFUSAL_KEPT_MS });
      throw refusal;
    }
  }

  private remember(token: string, entry: Remembered) {
    if (this.cache.size >= CACHE_ENTRIES_MAX) {
      const oldest = this.cache.keys().next().value;
      if (oldest !== undefined) this.cache.delete(oldest);
    }
    this.cache.set(token, entry);
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
