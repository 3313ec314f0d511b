import { Inject, Injectable } from '@nestjs/common';
import type { EventMetadata } from '@talon/event-sourcing';
import { Clock, contentHash, deriveId, DomainError } from '@talon/kernel';
import type { Template } from '../domain/template';
import { addDays, instantOf, localDate, weekdayOf } from './local-time';
import { ScheduleLists } from './ports';
import { freshly, ScheduleStreams } from './schedule-streams';
import { SessionPlanning } from './session-planning';

/** Sessions planned by one run at most; the next run goes on. */
export const PLAN_PER_RUN_MAX = 2_000;
const TEMPLATES_PER_PAGE = 500;
const TEMPLATES_MAX = 100_000;

export interface PlanningResult {
  planned: number;
  skipped: number;
  /** The bound was reached; another run will find more. */
  more: boolean;
}

interface Due { date: string; entry: number; sessionId: string }

/**
 * Plans the sessions of weekly templates so many days ahead. Session ids derive from template, day and entry, so that runs in several processes, or
 * one after a crash, meet what the others did. What cannot be planned is recorded as skipped on the template and never stops the rest.
 */
@Injectable()
export class TemplatePlanner {
  /** Per template: `date/entry` known to be planned. Planned sessions never disappear, so this cannot be wrong. */
  private readonly done = new Map<string, Set<string>>();

  constructor(
    private readonly streams: ScheduleStreams,
    private readonly planning: SessionPlanning,
    @Inject(ScheduleLists) private readonly lists: ScheduleLists,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** All templates that have not ended. Repeats are harmless. */
  async run(): Promise<PlanningResult> {
    const total: PlanningResult = { planned: 0, skipped: 0, more: false };
    let after: string | undefined;
    for (let seen = 0; seen < TEMPLATES_MAX; seen += TEMPLATES_PER_PAGE) {
      const page = await this.lists.templateIds({ active: true }, { limit: TEMPLATES_PER_PAGE, after });
      for (const templateId of page.items) {
        const result = await this.planTemplate(templateId, PLAN_PER_RUN_MAX - total.planned - total.skipped);
        total.planned += result.planned;
        total.skipped += result.skipped;
        if (result.more) return { ...total, more: true };
      }
      if (page.next === null) break;
      after = page.next;
    }
    return total;
  }

  /**
   * One template, strongly consistent.
   * @param max sessions planned or skipped at most
   * @throws what is not a refusal of the schedule, e.g. talon/unavailable: then the rest waits for the next run
   */
  async planTemplate(templateId: string, max: number): Promise<PlanningResult> {
    const { state: template } = await this.streams.template(templateId);
    const result: PlanningResult = { planned: 0, skipped: 0, more: false };
    if (!template || template.ended) {
      this.done.delete(templateId);
      return result;
    }
    const metadata: EventMetadata = { at: this.clock.now(), by: 'system:template-planner' };
    for (const due of await this.due(template)) {
      if (result.planned + result.skipped >= max) return { ...result, more: true };
      const refusal = await this.planOne(template, due, metadata);
      if (refusal) {
        result.skipped++;
        const data = { templateId, date: due.date, entry: due.entry, code: refusal.code, detail: refusal.message };
        await this.streams.toTemplate(templateId, { type: 'SkipSession', data }, freshly(metadata));
      } else {
        result.planned++;
        this.done.get(templateId)!.add(`${due.date}/${due.entry}`);
      }
    }
    return result;
  }

  private async due(template: Template): Promise<Due[]> {
    const { templateId, zone, entries } = template;
    const today = localDate(zone, this.clock.nowMs());
    const last = addDays(today, template.planDaysAhead);
    const holidays = (await this.streams.hospital(template.hospitalId)).state?.holidays ?? new Map<string, string>();
    const done = new Set([...(this.done.get(templateId) ?? [])].filter((key) => key >= today));
    this.done.set(templateId, done);
    const settled = new Set([...done, ...template.skipped.map(({ date, entry }) => `${date}/${entry}`)]);
    const exceptions = new Set(template.exceptions);
    const candidates: Due[] = [];
    for (let date = template.validFrom > today ? template.validFrom : today; date <= last; date = addDays(date, 1)) {
      if (template.validTo !== null && date > template.validTo) break;
      if (exceptions.has(date) || holidays.has(date)) continue;
      entries.forEach(({ weekday }, entry) => {
        if (weekday !== weekdayOf(date) || settled.has(`${date}/${entry}`)) return;
        candidates.push({ date, entry, sessionId: deriveId('template-session', templateId, date, String(entry)) });
      });
    }
    const known = await Promise.all(candidates.map(({ sessionId }) => this.streams.session(sessionId)));
    candidates.forEach(({ date, entry }, index) => known[index]!.state && done.add(`${date}/${entry}`));
    return candidates.filter((_, index) => !known[index]!.state);
  }

  /** @returns the refusal, when the schedule's rules do not allow this session */
  private async planOne(template: Template, { date, entry, sessionId }: Due, metadata: EventMetadata): Promise<DomainError | undefined> {
    const { doctorId, departmentId, zone, opens, templateId } = template;
    const { start, end, slotMinutes, tickets, price } = template.entries[entry]!;
    const opensAt = opens && instantOf(zone, addDays(date, -opens.daysBefore), opens.time).instant;
    const content = { doctorId, departmentId, date, zone, start, end, slotMinutes, tickets, price, opensAt };
    try {
      await this.planning.plan({ ...content, sessionId, requestHash: contentHash(content), templateId }, metadata);
      return undefined;
    } catch (error) {
      if (!(error instanceof DomainError) || !error.code.startsWith('schedule/')) throw error;
      // Another process planned it from another version of the template; the first one stands.
      return error.code === 'schedule/key-reused' ? undefined : error;
    }
  }
}
