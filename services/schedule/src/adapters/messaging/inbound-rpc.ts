import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { serve } from '@talon/contracts';
import { Rpc } from '@talon/kernel';
import { SessionAnswers } from '../../application/session-answers';

/** Answers other services' questions. */
@Injectable()
export class InboundRpc implements OnModuleInit {
  constructor(@Inject(Rpc) private readonly rpc: Rpc, private readonly answers: SessionAnswers) {}

  onModuleInit() {
    serve(this.rpc, 'schedule.session', ({ sessionId }) => this.answers.facts(sessionId));
    serve(this.rpc, 'schedule.supply', ({ sessionId }) => this.answers.supply(sessionId));
  }
}
