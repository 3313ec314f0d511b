import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import type { AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { type Faults, append, batchAppend } from './double-append';
import { DoubleLog } from './double-log';
import { read } from './double-read';

const RESTART_ATTEMPTS_MAX = 50;

/**
 * A server that speaks EventStoreDB's gRPC protocol, as far as Talon uses it, on the client package's own stubs. For specs: it keeps its log
 * in memory and can break on command.
 */
export class EventStoreDbDouble {
  readonly log = new DoubleLog();
  readonly faults: Faults = { silentAfterCommit: 0, silentBeforeCommit: 0, deafStreams: 0, failAfterCommit: 0 };
  /** How often each call came in. */
  readonly calls = { append: 0, batchAppend: 0, read: 0 };
  private server: Server | undefined;
  private port = 0;

  private constructor(private readonly batches: boolean) {}

  /** @param options.batches false: an old server that knows Append only */
  static async start(options: { batches?: boolean } = {}): Promise<EventStoreDbDouble> {
    const double = new EventStoreDbDouble(options.batches ?? true);
    await double.listen();
    return double;
  }

  get url(): string {
    return `esdb://127.0.0.1:${this.port}?tls=false`;
  }

  /** Cuts every connection, as a killed server does, and comes back at the same port with the same log. */
  async breakConnections(): Promise<void> {
    this.server?.forceShutdown();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.listen();
      } catch (error) {
        if (attempt === RESTART_ATTEMPTS_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  async stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  private async listen(): Promise<void> {
    const server = new Server();
    server.addService(ServerFeaturesService, { getSupportedMethods: this.features });
    server.addService(StreamsService, {
      read: (call: ServerWritableStream<ReadReq, ReadResp>) => {
        this.calls.read++;
        read(this.log, call);
      },
      append: (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>) => {
        this.calls.append++;
        append(this.log, call, answer);
      },
      batchAppend: (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) => {
        this.calls.batchAppend++;
        batchAppend(this.log, this.faults, call);
      },
      delete: unimplemented,
      tombstone: unimplemented,
    });
    this.port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
    );
    this.server = server;
  }

  private readonly features = (_: ServerUnaryCall<unknown, SupportedMethods>, answer: sendUnaryData<SupportedMethods>) => {
    const methods = new SupportedMethods().setEventStoreServerVersion('24.10.0');
    const names = this.batches ? ['read', 'append', 'batchappend'] : ['read', 'append'];
    for (const name of names) methods.addMethods(new SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name));
    answer(null, methods);
  };
}

const unimplemented = (_: unknown, answer: sendUnaryData<never>) => answer({ code: status.UNIMPLEMENTED });
