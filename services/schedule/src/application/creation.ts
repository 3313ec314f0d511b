import type { EventMetadata } from '@talon/event-sourcing';
import { contentHash, deriveId, newId } from '@talon/kernel';

/** Who creates something, and the key under which a repeat meets what the first request made. */
export interface Caller {
  subject: string;
  /** Absent: every request creates something new. */
  key?: string;
  metadata: EventMetadata;
}

export interface Creation {
  id: string;
  requestHash: string;
  metadata: EventMetadata & { commandId: string };
}

/**
 * Id, hash and command id of a creation. The command id contains the hash: the same key with another body must not look like a repeat to the
 * store.
 */
export function creationOf(kind: string, caller: Caller, body: object): Creation {
  const id = caller.key === undefined ? newId() : deriveId(kind, caller.subject, caller.key);
  const requestHash = contentHash(body);
  return { id, requestHash, metadata: { ...caller.metadata, commandId: deriveId(`create-${kind}`, id, requestHash) } };
}
