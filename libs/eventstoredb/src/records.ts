import type { RecordedEvent as ClientEvent } from '@eventstore/db-client';
import { type EventMetadata, type ReadAllFilter, type RecordedEvent, categoryOf, isStreamName } from '@talon/event-sourcing';

/** The commit position as our position. @throws when it is not a safe integer, i.e. after 9 PB of log, or when the server does not say it */
export function positionOf(position: { commit: bigint } | undefined, where: string): number {
  const commit = position?.commit;
  if (commit === undefined || commit < 0n || commit > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Error(`EventStoreDB gives no usable position for ${where}: ${commit ?? 'none'} (servers before 22.10 do not say positions of stream reads)`);
  }
  return Number(commit);
}

/** Ours, or written by the server itself or by somebody else: those have no place in the log as Talon sees it. */
export const isOurs = ({ streamId, type, isJson }: ClientEvent): boolean => isJson && !streamId.startsWith('$') && !type.startsWith('$') && isStreamName(streamId);

export const recorded = (event: ClientEvent): RecordedEvent => ({
  id: event.id,
  type: event.type,
  data: event.data as object,
  metadata: (event.metadata ?? {}) as unknown as EventMetadata,
  stream: event.streamId,
  revision: Number(event.revision),
  position: positionOf(event.position, event.streamId),
});

export const matches = (event: RecordedEvent, filter: ReadAllFilter | undefined): boolean =>
  (!filter?.categories || filter.categories.includes(categoryOf(event.stream))) && (!filter?.types || filter.types.includes(event.type));
