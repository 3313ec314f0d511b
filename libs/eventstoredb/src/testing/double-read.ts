import * as shared from '@eventstore/db-client/generated/shared_pb';
import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { DoubleLog, Row } from './double-log';

type Call = ServerWritableStream<ReadReq, ReadResp>;
type Options = ReadReq.Options;

/** Streams/Read: pages of a stream or of everything, in both directions, and live subscriptions. */
export function read(log: DoubleLog, call: Call): void {
  const options = call.request.getOptions()!;
  const accepts = filterOf(options);
  if (options.hasSubscription()) return subscribe(log, call, options, accepts);
  const stream = options.getStream();
  const name = stream && nameOf(stream.getStreamIdentifier());
  if (name !== undefined && !log.streams.has(name)) {
    call.write(new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(stream!.getStreamIdentifier())));
    return void call.end();
  }
  const rows = name === undefined ? pageOfAll(log.all, options) : pageOfStream(log.streams.get(name)!, options);
  for (const row of rows.filter(accepts).slice(0, Number(options.getCount()))) call.write(eventOf(row));
  call.end();
}

/** Backwards leaves out the position it starts from, forwards does not: as the real server. */
function pageOfAll(rows: Row[], options: Options): Row[] {
  const all = options.getAll()!;
  const at = Number(all.getPosition()?.getCommitPosition() ?? 0);
  if (options.getReadDirection() === 1) return (all.hasEnd() ? rows : rows.filter((row) => row.position < at)).toReversed();
  if (all.hasEnd()) return [];
  return all.hasStart() ? rows : rows.slice(firstFrom(rows, at));
}

function pageOfStream(rows: Row[], options: Options): Row[] {
  const stream = options.getStream()!;
  const at = Number(stream.getRevision());
  if (options.getReadDirection() === 1) return rows.slice(0, stream.hasEnd() ? undefined : at + 1).toReversed();
  if (stream.hasEnd()) return [];
  return stream.hasStart() ? rows : rows.slice(at);
}

/** Index of the first row at or after a position. */
function firstFrom(rows: Row[], position: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.position < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A confirmation, what is there after the given position, `caught up`, then whatever comes. */
function subscribe(log: DoubleLog, call: Call, options: Options, accepts: (row: Row) => boolean): void {
  const stream = options.getStream();
  const name = stream && nameOf(stream.getStreamIdentifier());
  const wanted = (row: Row) => (name === undefined || row.stream === name) && accepts(row);
  const fromEnd = options.getAll()?.hasEnd() || stream?.hasEnd();
  const after = Number((name === undefined ? options.getAll()!.getPosition()?.getCommitPosition() : stream!.getRevision()) || -1);
  const isNew = (row: Row) => !fromEnd && (name === undefined ? row.position : row.revision) > after;
  call.write(new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID())));
  for (const row of log.all.filter((candidate) => isNew(candidate) && wanted(candidate))) call.write(eventOf(row));
  call.write(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));
  const listener = (rows: Row[]) => {
    for (const row of rows.filter(wanted)) call.write(eventOf(row));
  };
  log.listeners.add(listener);
  const end = () => void log.listeners.delete(listener);
  call.on('cancelled', end);
  call.on('close', end);
  call.on('error', end);
}

function filterOf(options: Options): (row: Row) => boolean {
  const filter = options.getFilter();
  if (!filter) return () => true;
  const expression = filter.getStreamIdentifier() ?? filter.getEventType();
  const subject = (row: Row) => (filter.hasStreamIdentifier() ? row.stream : row.type);
  const prefixes = expression!.getPrefixList();
  if (prefixes.length > 0) return (row) => prefixes.some((prefix) => subject(row).startsWith(prefix));
  const pattern = new RegExp(expression!.getRegex());
  return (row) => pattern.test(subject(row));
}

function eventOf(row: Row): ReadResp {
  const event = new ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(row.id))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(row.stream)))
    .setStreamRevision(String(row.revision))
    .setCommitPosition(String(row.position))
    .setPreparePosition(String(row.position))
    .setData(row.data)
    .setCustomMetadata(row.metadata);
  event.getMetadataMap().set('type', row.type).set('content-type', row.contentType).set('created', '17672256000000000');
  return new ReadResp().setEvent(new ReadResp.ReadEvent().setEvent(event).setCommitPosition(String(row.position)));
}

const nameOf = (identifier: shared.StreamIdentifier | undefined) => Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
