import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { RecordedEvent } from '@talon/event-sourcing';
import { Feeds } from '@talon/read-model';
import { SlotStock } from '../../application/ports';
import { ScheduleStreams } from '../../application/schedule-streams';
import { SessionPlanning } from '../../application/session-planning';
import { agendaCodec } from '../../domain/agenda';
import { sessionCodec } from '../../domain/session';

/** Sessions planned or synchronised at the same time. */
const PARALLEL_MAX = 16;

/** What must happen even if the process that recorded the event dies right after it. */
@Injectable()
export class Reactions implements OnModuleInit {
  constructor(
    @Inject(Feeds) private readonly feeds: Feeds,
    @Inject(SlotStock) private readonly stock: SlotStock,
    private readonly streams: ScheduleStreams,
    private readonly planning: SessionPlanning,
  ) {}

  onModuleInit() {
    this.feeds.addReaction({
      name: 'schedule-agenda',
      filter: { categories: ['agenda'], types: agendaCodec.storedNames },
      handle: (events) => this.finishPlans(events),
    });
    this.feeds.addReaction({
      name: 'schedule-supply-sync',
      filter: { categories: ['session'], types: sessionCodec.namesOf('SlotsAdded', 'SlotsWithdrawn', 'SessionSuspended', 'SessionResumed') },
      handle: (events) => this.syncStock(events),
    });
  }

  /** A reserved time without its session: the planner of it died in between. */
  async finishPlans(events: RecordedEvent[]): Promise<void> {
    await inParallel(events, async (event) => {
      const { data: plan } = agendaCodec.decode(event);
      const { state } = await this.streams.session(plan.sessionId);
      const { at, by, correlationId } = event.metadata;
      if (!state) await this.planning.complete(plan, { at, by, correlationId });
    });
  }

  async syncStock(events: RecordedEvent[]): Promise<void> {
    const sessions = [...new Set(events.map(({ stream }) => stream.slice(stream.indexOf('-') + 1)))];
    await inParallel(sessions, (sessionId) => this.stock.sync(sessionId));
  }
}

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>) {
  for (let from = 0; from < items.length; from += PARALLEL_MAX) await Promise.all(items.slice(from, from + PARALLEL_MAX).map(work));
}
