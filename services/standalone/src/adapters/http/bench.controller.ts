import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { RequestBookingDto } from '@talon/booking';
import { Access, CurrentActor, IdempotencyKey } from '@talon/http';
import type { Actor } from '@talon/kernel';
import { Feeds } from '@talon/read-model';

/** An answer as large as that of a booking. */
const ANSWER = {
  bookingId: '00000000-0000-8000-8000-000000000001',
  status: 'confirmed',
  patientId: '00000000-0000-8000-8000-000000000002',
  sessionId: '00000000-0000-8000-8000-000000000003',
  hospitalId: '00000000-0000-8000-8000-000000000004',
  slot: 12,
  startsAt: '2026-03-02T09:00:00.000Z',
  endsAt: '2026-03-02T12:00:00.000Z',
  date: '2026-03-02',
  zone: 'Europe/Moscow',
  price: null,
  holdExpiresAt: null,
};

/** What a booking is compared with: the same token check and the same validated body, and nothing else. Only with TALON_BENCH=1. */
@ApiExcludeController()
@Controller('v1/bench')
export class BenchController {
  constructor(private readonly feeds: Feeds) {}

  @Post('echo')
  @HttpCode(201)
  @Access('portal')
  echo(@CurrentActor() _actor: Actor, @IdempotencyKey() _key: string, @Body() body: RequestBookingDto) {
    return { ...ANSWER, patientId: body.patientId, sessionId: body.sessionId };
  }

  /** How far consumers are behind the log. */
  @Get('lag')
  @Access('authority-admin')
  lag() {
    return this.feeds.lag();
  }

  /** Builds the list of bookings again from the log: how fast a projection applies events. */
  @Post('rebuild')
  @Access('authority-admin')
  rebuild() {
    return this.feeds.rebuild('booking-list');
  }
}

@Module({ controllers: [BenchController] })
export class BenchModule {}

/** What is needed of Fastify to add a route. */
interface RawRoutes {
  post(path: string, handler: (request: unknown, reply: { code(status: number): { send(body: object): unknown } }) => unknown): unknown;
}

/** The same answer without Nest, token or validation. */
export function addBareRoute(fastify: RawRoutes) {
  fastify.post('/v1/bench/bare', (_request, reply) => reply.code(201).send(ANSWER));
}
