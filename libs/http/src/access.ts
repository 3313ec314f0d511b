import { SetMetadata } from '@nestjs/common';
import { ROLES, commonError, type Actor, type Role } from '@talon/kernel';

export const ACCESS_RULE = 'talon:access';

/** Who may use a route: everyone, with or without a token, or actors with one of the roles. */
export type AccessRule = { everyone: true } | { everyone: false; roles: Role[] };

/**
 * Only actors with at least one of these roles; on a method or, for all of its methods, on a class. A route without `Access` or
 * `Everyone` stops the boot. Whether the actor may touch this very hospital or patient is for the handler to say.
 */
export function Access(...roles: Role[]) {
  if (roles.length === 0) throw new Error('Access() needs a role; use Everyone() for a public route');
  const unknown = roles.filter((role) => !ROLES.includes(role));
  if (unknown.length > 0) throw new Error(`Access() does not know the role ${unknown.join(', ')}`);
  return SetMetadata<string, AccessRule>(ACCESS_RULE, { everyone: false, roles });
}

/** Everyone, without a token. A token that comes along is still checked, so that `OptionalActor()` can be trusted. */
export const Everyone = () => SetMetadata<string, AccessRule>(ACCESS_RULE, { everyone: true });

const STAFF: Role[] = ['registrar', 'doctor', 'hospital-admin'];
const REGION: Role[] = ['authority-admin', 'operator'];

/**
 * Passes authority admins and operators anywhere, staff in their own hospitals, nobody else.
 * @throws {DomainError} `talon/forbidden`
 */
export function assertHospital(actor: Actor, hospitalId: string): void {
  if (actor.roles.some((role) => REGION.includes(role))) return;
  if (actor.roles.some((role) => STAFF.includes(role)) && actor.hospitalIds.includes(hospitalId)) return;
  throw commonError('forbidden', 'The token does not give access to this hospital');
}
