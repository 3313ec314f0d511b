import type { Actor } from '@talon/kernel';

/** Turns a bearer token into an actor. Adapter: JwtTokenVerifier. */
export abstract class TokenVerifier {
  /**
   * @throws {DomainError} `talon/unauthenticated` (not valid), `talon/forbidden` (valid, no role Talon knows),
   * `talon/unavailable` (the issuer's keys cannot be had; may be retried)
   */
  abstract verify(token: string): Promise<Actor>;

  /** @returns the actor of a token that was verified before and is still valid; undefined means: ask `verify`. Never throws. */
  remembered(_token: string): Actor | undefined {
    return undefined;
  }
}
