import { type BeforeApplicationShutdown, Controller, Get, Inject, type OnModuleDestroy, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type CloudEvent, type Outbound, toCloudEvent } from '@talon/contracts';
import { EventStore, type ReadAllFilter, START } from '@talon/event-sourcing';
import { Access, ApiProblems, type TalonRequest, invalidInput } from '@talon/http';
import { Wake } from '@talon/kernel';
import { publicFilter, toPublic } from '@talon/platform';
import { EventTail } from './event-tail';
import { EventsPage, EventsQuery } from './events.dto';

/** Injection token: the outbounds of every service that runs here. */
export const OUTBOUNDS = Symbol('outbounds');
/** Pages of the store looked through for one answer; what lies beyond comes with the next request. */
const PAGES_MAX = 20;

/** The public events, from the store: complete and in order whatever happens to NATS. */
@ApiTags('events')
@ApiBearerAuth()
@Controller('v1/events')
export class EventsController implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly tail: EventTail;
  private readonly known: Set<string>;

  constructor(
    @Inject(EventStore) private readonly store: EventStore,
    @Inject(Wake) wake: Wake,
    @Inject(OUTBOUNDS) private readonly outbounds: Outbound[],
  ) {
    this.tail = new EventTail(store, wake);
    this.known = new Set(outbounds.flatMap(({ storedNames }) => Object.values(storedNames).flat()));
  }

  @Get()
  @Access('portal', 'operator')
  @ApiOperation({ summary: 'Read public events by position, waiting for new ones if asked to', operationId: 'readEvents' })
  @ApiOkResponse({ type: EventsPage })
  @ApiProblems('talon/invalid-input', 'talon/unavailable')
  async read(@Query() query: EventsQuery, @Req() request: TalonRequest): Promise<EventsPage> {
    const wanted = this.wantedTypes(query.types);
    const filter = this.filterFor(wanted);
    const deadline = performance.now() + query.wait * 1_000;
    const gone = new AbortController();
    const { socket } = request.raw;
    const leave = () => gone.abort();
    socket.once('close', leave);
    try {
      return await this.readOrWait(query, { wanted, filter, deadline, gone: gone.signal });
    } finally {
      socket.off('close', leave);
    }
  }

  private async readOrWait(
    query: EventsQuery,
    { wanted, filter, deadline, gone }: { wanted?: Set<string>; filter: ReadAllFilter; deadline: number; gone: AbortSignal },
  ): Promise<EventsPage> {
    let position = await this.startOf(query.after);
    for (;;) {
      const page = await this.pageAfter(position, query.limit, filter, wanted);
      position = page.position;
      const waitMs = deadline - performance.now();
      if (page.events.length > 0 || !page.atEnd || waitMs <= 0 || gone.aborted || this.closing) {
        return { events: page.events, next: String(position) };
      }
      await this.tail.wait(position, filter, waitMs, gone);
    }
  }

  private closing = false;
  /** Before the server waits for open requests: those that wait for events answer now. */
  onModuleDestroy() {
    this.closing = true;
    this.tail.stop();
  }
  beforeApplicationShutdown() {
    this.onModuleDestroy();
  }

  private async startOf(after: string | undefined): Promise<number> {
    if (after === undefined) return START;
    return after === 'latest' ? this.store.head() : Number(after);
  }

  private wantedTypes(types: string | undefined): Set<string> | undefined {
    if (types === undefined || types.trim() === '') return undefined;
    const wanted = new Set(types.split(',').map((type) => type.trim()));
    const unknown = [...wanted].filter((type) => !this.known.has(type));
    if (unknown.length > 0) throw invalidInput([{ field: 'types', message: `names no public event type: ${unknown.join(', ').slice(0, 200)}` }]);
    return wanted;
  }

  /** Only what can become a wanted type is read at all. */
  private filterFor(wanted: Set<string> | undefined): ReadAllFilter {
    const filter = publicFilter(this.outbounds);
    if (!wanted) return filter;
    const becomes = new Map(this.outbounds.flatMap(({ storedNames }) => Object.entries(storedNames)));
    return { ...filter, types: filter.types?.filter((name) => becomes.get(name)?.some((type) => wanted.has(type))) };
  }

  private async pageAfter(after: number, limit: number, filter: ReadAllFilter, wanted: Set<string> | undefined) {
    let position = after;
    let atEnd = false;
    const events: CloudEvent[] = [];
    for (let pages = 0; events.length === 0 && !atEnd && pages < PAGES_MAX; pages++) {
      const page = await this.store.readAll(position, { max: limit, filter });
      for (const event of page.events) {
        const mapped = toPublic(this.outbounds, event);
        if (mapped && (!wanted || wanted.has(mapped.type))) events.push(toCloudEvent(event, mapped));
      }
      ({ position, atEnd } = page);
    }
    return { events, position, atEnd };
  }
}
