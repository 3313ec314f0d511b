/** The package ships no types; these are the parts the development issuer uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface TokenRequestContext {
    body: unknown;
    oidc: { client: { clientId: string }; params: Record<string, string | undefined> };
  }
  export interface AccessTokenModel {
    resourceServer?: unknown;
    readonly expiration: number;
    readonly tokenType: string;
    save(): Promise<string>;
  }
  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly ClientCredentials: new (properties: { client: unknown }) => AccessTokenModel;
    readonly ResourceServer: new (identifier: string, info: object) => unknown;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    registerGrantType(name: string, handler: (ctx: TokenRequestContext) => Promise<void>, parameters: string[]): void;
    on(event: 'server_error', listener: (ctx: unknown, error: Error) => void): this;
  }
  export const errors: { InvalidRequest: new (description: string) => Error };
}
