import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { commonError, type Actor } from '@talon/kernel';
import { ACCESS_RULE, type AccessRule } from './access';
import type { TalonRequest } from './request-context';
import type { TokenVerifier } from './token-verifier';

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,8192}=*)$/i;

/** Who the access rules let in. Rules are read once per handler: a request costs one Map look-up and one header match. */
export class AccessGuard implements CanActivate {
  private readonly rules = new Map<unknown, AccessRule>();

  constructor(private readonly verifier: TokenVerifier, private readonly onAuthenticated?: (actor: Actor, request: TalonRequest) => void | Promise<void>) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<TalonRequest>();
    const rule = this.ruleFor(context);
    const header = request.headers.authorization;
    if (header === undefined) {
      if (rule.everyone) return true;
      throw commonError('unauthenticated', 'This needs an access token');
    }
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw commonError('unauthenticated', 'Authorization must be `Bearer <token>`');
    const known = this.verifier.remembered(token);
    if (known) return this.admit(known, rule, request);
    return this.verifier.verify(token).then((actor) => this.admit(actor, rule, request));
  }

  private admit(actor: Actor, rule: AccessRule, request: TalonRequest): boolean | Promise<boolean> {
    if (!rule.everyone && !actor.roles.some((role) => rule.roles.includes(role))) {
      throw commonError('forbidden', `This needs one of the roles ${rule.roles.join(', ')}`);
    }
    request.talon.actor = actor;
    const pending = this.onAuthenticated?.(actor, request);
    return pending ? pending.then(() => true) : true;
  }

  private ruleFor(context: ExecutionContext): AccessRule {
    const handler = context.getHandler();
    const known = this.rules.get(handler);
    if (known) return known;
    const rule = accessRuleOf(context.getClass(), handler);
    // The boot refuses routes without a rule; should one get past it, nobody gets in.
    if (!rule) throw new Error(`no access rule on ${context.getClass().name}.${handler.name}`);
    this.rules.set(handler, rule);
    return rule;
  }
}

/** The rule of a route: the method's own, else its class's. */
export const accessRuleOf = (controller: object, handler: object): AccessRule | undefined =>
  (Reflect.getMetadata(ACCESS_RULE, handler) ?? Reflect.getMetadata(ACCESS_RULE, controller)) as AccessRule | undefined;
