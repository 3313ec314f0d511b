import { parseUUID } from '@eventstore/db-client/dist/utils';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { AppendReq, AppendResp, BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { type ServerDuplexStream, type ServerReadableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import type { DoubleLog, Expected, Outcome, Proposed } from './double-log';

/** What happens to the next appends, instead of an answer. */
export interface Faults {
  /** The next so many appends are stored, and nobody says so. */
  silentAfterCommit: number;
  /** The next so many appends are neither stored nor answered. */
  silentBeforeCommit: number;
  /** The shared streams of the next so many appends hear nothing any more, neither these appends nor later ones. */
  deafStreams: number;
  /** The next so many appends are stored, then the shared stream fails with everything pending on it. */
  failAfterCommit: number;
}

type Message = AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage;

const proposed = (message: Message): Proposed => ({
  id: parseUUID(message.getId()) ?? '',
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? '',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

const nameOf = (identifier: shared.StreamIdentifier | undefined) => Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

/** Streams/Append: header, then one message per event, then the answer. */
export function append(log: DoubleLog, call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void {
  let options: AppendReq.Options | undefined;
  const events: Proposed[] = [];
  call.on('data', (request: AppendReq) => {
    if (request.hasOptions()) options = request.getOptions();
    else events.push(proposed(request.getProposedMessage()!));
  });
  call.on('end', () => {
    if (!options) return answer({ code: status.INVALID_ARGUMENT, details: 'no header' });
    const expected = options.hasNoStream() ? 'none' : options.hasStreamExists() ? 'exists' : options.hasAny() ? 'any' : BigInt(options.getRevision());
    answer(null, appendResponse(log.append(nameOf(options.getStreamIdentifier()), expected, events), expected));
  });
}

function appendResponse(outcome: Outcome, expected: Expected): AppendResp {
  const response = new AppendResp();
  if ('wrongVersion' in outcome) {
    const wrong = new AppendResp.WrongExpectedVersion();
    if (outcome.wrongVersion === null) wrong.setCurrentNoStream(new shared.Empty());
    else wrong.setCurrentRevision(String(outcome.wrongVersion));
    if (typeof expected === 'bigint') wrong.setExpectedRevision(String(expected));
    return response.setWrongExpectedVersion(wrong);
  }
  const position = new AppendResp.Position().setCommitPosition(String(outcome.position)).setPreparePosition(String(outcome.position));
  return response.setSuccess(new AppendResp.Success().setCurrentRevision(String(outcome.revision)).setPosition(position));
}

/** Streams/BatchAppend: appends in pieces, told apart by their correlation id. */
export function batchAppend(log: DoubleLog, faults: Faults, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  const open = new Map<string, { options: BatchAppendReq.Options; events: Proposed[] }>();
  let deaf = false;
  call.on('data', (request: BatchAppendReq) => {
    if (!deaf && faults.deafStreams > 0) {
      faults.deafStreams--;
      deaf = true;
    }
    if (deaf) return;
    const correlation = parseUUID(request.getCorrelationId()) ?? '';
    const entry = open.get(correlation) ?? { options: request.getOptions()!, events: [] };
    entry.events.push(...request.getProposedMessagesList().map(proposed));
    open.set(correlation, entry);
    if (!request.getIsFinal()) return;
    open.delete(correlation);
    if (faults.silentBeforeCommit > 0) return void faults.silentBeforeCommit--;
    const { options, events } = entry;
    const expected = options.hasNoStream() ? 'none' : options.hasStreamExists() ? 'exists' : options.hasAny() ? 'any' : BigInt(options.getStreamPosition());
    const outcome = log.append(nameOf(options.getStreamIdentifier()), expected, events);
    if (faults.silentAfterCommit > 0) return void faults.silentAfterCommit--;
    if (faults.failAfterCommit > 0) {
      faults.failAfterCommit--;
      return void call.emit('error', { code: status.UNAVAILABLE, details: 'planted' });
    }
    call.write(batchResponse(outcome, expected).setCorrelationId(request.getCorrelationId()).setStreamIdentifier(options.getStreamIdentifier()));
  });
  call.on('end', () => call.end());
  call.on('error', () => undefined);
}

function batchResponse(outcome: Outcome, expected: Expected): BatchAppendResp {
  const response = new BatchAppendResp();
  if ('wrongVersion' in outcome) {
    const wrong = new shared.WrongExpectedVersion();
    if (outcome.wrongVersion === null) wrong.setCurrentNoStream(new Empty());
    else wrong.setCurrentStreamRevision(String(outcome.wrongVersion));
    if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(String(expected));
    const details = new Any();
    details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion');
    return response.setError(new Status().setCode(6).setMessage('WrongExpectedVersion').setDetails(details));
  }
  const position = new shared.AllStreamPosition().setCommitPosition(String(outcome.position)).setPreparePosition(String(outcome.position));
  return response.setSuccess(new BatchAppendResp.Success().setCurrentRevision(String(outcome.revision)).setPosition(position));
}
