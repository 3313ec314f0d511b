import type { ReplayPlan } from '../domain/appointments';
import { type Api, ApiError, type Platform } from './ports';

/** The instant at which a rehearsing platform stands, ISO-8601 UTC; undefined when it runs on real time, or the caller may not know. */
export async function rehearsalNow(operator: Api): Promise<string | undefined> {
  const request = { path: '/v1/rehearsal/clock' };
  const { status, body } = await operator.send<{ now: string }>(request);
  if (status === 404 || status === 403) return undefined;
  if (status !== 200) throw new ApiError(request, status, body);
  return body.now;
}

/**
 * Whether the platform can take a replay; reads only. A platform whose clock is past the file's first booking can only repeat or go on with
 * what it has replayed before: then it knows every hospital of the file.
 * @throws in one sentence with the remedy when it cannot
 */
export async function assertReplayable(plan: ReplayPlan, { admin, operator }: Platform): Promise<void> {
  const now = await rehearsalNow(operator);
  if (now === undefined) throw new Error('This platform runs on real time (or your token lacks the role operator). Start one for rehearsals with: npm start -- --rehearsal');
  const { beginsAt } = plan;
  if (beginsAt === undefined || now <= beginsAt) return;
  const known = new Set((await admin.list<{ name: string }>('/v1/hospitals')).map(({ name }) => name));
  if (!plan.hospitals.every((name) => known.has(name))) throw new Error(`The rehearsal stands at ${now}, after this file's first booking at ${beginsAt}, and ${START_AFRESH}`);
}

/** What a refused hospital or session of a replay means. */
export function explainRefusal(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const { code } = error.problem;
  if (code === 'schedule/session-over') return new Error(`The rehearsal stands after sessions of this file, and ${START_AFRESH}`);
  if (code === 'schedule/key-reused') return new Error(`Another appointments file with the same hospitals was replayed here. ${REMEDY}`);
  return error;
}

const REMEDY = 'Start afresh with: npm start -- --rehearsal --fresh';
const START_AFRESH = `this file was not replayed here before. ${REMEDY}`;
