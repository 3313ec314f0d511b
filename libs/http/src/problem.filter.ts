import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { commonError, type DomainError, type Log } from '@talon/kernel';
import type { FastifyReply } from 'fastify';
import { isOutage, problemHeaders, problemOf, refusalOf } from './problem';
import type { TalonRequest } from './request-context';

/** Knows which methods an address would accept. */
export interface MethodsAt {
  methodsAt(path: string): string[];
}

/** Everything that is thrown becomes a problem; only faults and outages are logged, with their stack and the request's id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log | undefined,
    private readonly routes: MethodsAt,
    private readonly bodyLimitBytes: number,
  ) {}

  catch(error: unknown, host: ArgumentsHost) {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<TalonRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: TalonRequest, reply: FastifyReply) {
    if (reply.sent) return;
    const path = pathOf(request.raw.url ?? '/');
    const refusal = this.precise(refusalOf(error), request, path, reply);
    const problem = problemOf(refusal, path);
    if (problem.status === 500 || isOutage(error)) this.logFault(error, request);
    void reply.code(problem.status).headers(problemHeaders(problem)).send(JSON.stringify(problem));
  }

  /** What the thrower could not know: the limit in force, the methods the address has. */
  private precise(refusal: DomainError, request: TalonRequest, path: string, reply: FastifyReply): DomainError {
    if (refusal.code === 'talon/too-large') return commonError('too-large', `The request body is larger than ${this.bodyLimitBytes} bytes`);
    if (!request.is404 || refusal.code !== 'talon/not-found') return refusal;
    const methods = this.routes.methodsAt(path);
    if (methods.length === 0 || methods.includes(request.method)) return refusal;
    reply.header('allow', methods.join(', '));
    return commonError('method-not-allowed', `This address knows ${methods.join(', ')}`);
  }

  private logFault(error: unknown, request: TalonRequest) {
    const { requestId, correlationId } = request.talon ?? {};
    this.log?.error({ err: error, requestId, correlationId, method: request.method, route: request.routeOptions?.url }, 'request failed');
  }
}

/** The path without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
