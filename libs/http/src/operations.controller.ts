import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { HealthChecks, HealthReport, MetricsPage } from '@talon/kernel';
import type { FastifyReply } from 'fastify';
import { Everyone } from './access';

/** What the operations routes show; filled by createApp. */
export class OperationsPorts {
  health?: HealthChecks;
  metrics?: MetricsPage;
}

/** For orchestrators and scrapers; not part of the public API, so not in the OpenAPI document. */
@ApiExcludeController()
@Everyone()
@Controller()
export class OperationsController {
  constructor(@Inject(OperationsPorts) private readonly ports: OperationsPorts) {}

  /** The process runs. Says nothing about what it depends on: restarting it would not mend that. */
  @Get('health/live')
  live() {
    return { status: 'up' };
  }

  /** 200 only when every dependency answers: the platform can book. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    const report = (await this.ports.health?.ready()) ?? { status: 'up' as const, dependencies: [] };
    if (report.status === 'down') reply.code(503);
    return report;
  }

  @Get('metrics')
  async metrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('content-type', this.ports.metrics?.contentType ?? 'text/plain; charset=utf-8');
    return (await this.ports.metrics?.render()) ?? '';
  }
}
