import { commonError, isId } from '@talon/kernel';
import type { StoredEvent } from './event';
import { APPEND_EVENTS_MAX, type ExpectedRevision } from './event-store';

/** Characters of one event's data as JSON text. */
export const EVENT_TEXT_MAX = 1_000_000;
const STREAM_NAME = /^[!-,.-~]{1,100}-[!-~]{1,200}$/;
const STORED_NAME = /^[!-~]{1,200}$/;
/** An escaped NUL in JSON text; an escaped backslash followed by `u0000` is something else. */
const NUL_ESCAPE = /(?<!\\)(?:\\\\)*\\u0000/;

/** An event's data and metadata as JSON text, exactly as they are kept. */
export interface EventText {
  data: string;
  metadata: string;
}

/** Whether a stream can have this name: `<category>-<id>`, visible ASCII, at most 100 + 200 characters. No other stream exists. */
export const isStreamName = (stream: string): boolean => STREAM_NAME.test(stream);

/**
 * What every store checks before it appends, so that all refuse alike and no input can break a batch shared with others.
 * @returns the JSON text of each event
 * @throws {DomainError} `talon/invalid-input`
 */
export function checkAppend(stream: string, expected: ExpectedRevision, events: StoredEvent[]): EventText[] {
  if (!isStreamName(stream)) throw commonError('invalid-input', `stream name ${JSON.stringify(stream.slice(0, 100))} is not <category>-<id> in visible ASCII`);
  const known = expected === 'none' || expected === 'exists' || (Number.isSafeInteger(expected) && expected >= 0);
  if (!known) throw commonError('invalid-input', `expected revision ${expected} is neither 'none', 'exists' nor an integer from 0`);
  if (events.length < 1 || events.length > APPEND_EVENTS_MAX) {
    throw commonError('invalid-input', `an append carries 1 to ${APPEND_EVENTS_MAX} events, not ${events.length}`);
  }
  if (events.length > 1 && new Set(events.map((event) => event.id)).size < events.length) {
    throw commonError('invalid-input', `two events of one append to ${stream} share an id`);
  }
  return events.map(eventText);
}

function eventText(event: StoredEvent): EventText {
  if (!isId(event.id)) throw commonError('invalid-input', `event id ${JSON.stringify(event.id)} is not a lower-case UUID`);
  if (!STORED_NAME.test(event.type)) throw commonError('invalid-input', `event type ${JSON.stringify(event.type)} is not visible ASCII`);
  return { data: jsonText(event.data, event.type), metadata: jsonText(event.metadata, event.type) };
}

function jsonText(value: object, type: string): string {
  const text = JSON.stringify(value);
  if (text === undefined || text[0] !== '{') throw commonError('invalid-input', `data of ${type} is not a JSON object`);
  if (text.length > EVENT_TEXT_MAX) throw commonError('invalid-input', `data of ${type} is longer than ${EVENT_TEXT_MAX} characters`);
  if (text.includes('\\u0000') && NUL_ESCAPE.test(text)) {
    throw commonError('invalid-input', `data of ${type} contains a NUL character, which no text may`);
  }
  return text;
}
