import { RequestMethod, type INestApplicationContext } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { AccessRule } from './access';
import { accessRuleOf } from './access.guard';
import { readOptionalKey, readRequiredKey } from './request-decorators';

export interface Route {
  /** `GET`, `POST`, … */
  method: string;
  /** Template with a leading slash, e.g. `/v1/bookings/:id`. */
  path: string;
  /** `BookingController.cancel` */
  handler: string;
  /** Undefined only before the boot has checked. */
  rule: AccessRule | undefined;
  /** Whether the handler takes an `Idempotency-Key`. */
  idempotencyKey: 'required' | 'optional' | undefined;
}

/** Every route of every controller in the application, in no particular order. */
export function listRoutes(app: INestApplicationContext): Route[] {
  const scanner = new MetadataScanner();
  const controllers = new Set<Function>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) if (typeof metatype === 'function') controllers.add(metatype);
  }
  return [...controllers].flatMap((controller) =>
    scanner.getAllMethodNames(controller.prototype as object).flatMap((name) => routesOf(controller, name)),
  );
}

function routesOf(controller: Function, name: string): Route[] {
  const handler = (controller.prototype as Record<string, object>)[name]!;
  const paths = Reflect.getMetadata(PATH_METADATA, handler) as string | string[] | undefined;
  if (paths === undefined) return [];
  const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
  const prefixes = asList(Reflect.getMetadata(PATH_METADATA, controller) as string | string[] | undefined);
  const rule = accessRuleOf(controller, handler);
  const idempotencyKey = keyTaken(controller, name);
  return prefixes.flatMap((prefix) =>
    asList(paths).map((path) => ({ method, path: joined(prefix, path), handler: `${controller.name}.${name}`, rule, idempotencyKey })),
  );
}

function keyTaken(controller: Function, name: string): Route['idempotencyKey'] {
  const parameters = Object.values((Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, { factory?: unknown }>);
  if (parameters.some(({ factory }) => factory === readRequiredKey)) return 'required';
  return parameters.some(({ factory }) => factory === readOptionalKey) ? 'optional' : undefined;
}

const asList = (value: string | string[] | undefined): string[] => (Array.isArray(value) ? value : [value ?? '']);
const joined = (...parts: string[]): string => `/${parts.flatMap((part) => part.split('/')).filter((part) => part !== '').join('/')}`;

/** @throws when a route has neither `Access` nor `Everyone`, naming every such route */
export function assertAccessRules(routes: Route[]): void {
  const open = routes.filter(({ rule }) => rule === undefined).map(({ method, path, handler }) => `${method} ${path} (${handler})`);
  if (open.length > 0) throw new Error(`routes without an access rule, add @Access(…) or @Everyone(): ${open.join(', ')}`);
}

/** Which methods an address would accept; asked only after nothing answered it. */
export class RouteMap {
  private entries: { pattern: RegExp; method: string }[] = [];

  constructor(routes: Route[] = []) {
    this.load(routes);
  }

  load(routes: Route[]) {
    this.entries = routes.map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replace(/[.+*?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]\w*/g, '[^/]+')}$`) }));
  }

  methodsAt(path: string): string[] {
    return [...new Set(this.entries.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort();
  }
}
