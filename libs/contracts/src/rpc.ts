import type { Rpc } from '@talon/kernel';
import type { InventoryCalls } from './inventory';
import type { PatientCalls } from './patient';
import type { ScheduleCalls } from './schedule';
import type { BookingCalls } from './booking';

/** Every question and command between services: subject → request and reply, plain JSON. */
export interface RpcCalls extends ScheduleCalls, InventoryCalls, PatientCalls, BookingCalls {}

/** Typed `rpc.request`. Errors and deadline as there. */
export const call = <K extends keyof RpcCalls>(rpc: Rpc, subject: K, request: RpcCalls[K]['request'], timeoutMs?: number) =>
  rpc.request<RpcCalls[K]['request'], RpcCalls[K]['reply']>(subject, request, timeoutMs);

/** Typed `rpc.serve`. */
export const serve = <K extends keyof RpcCalls>(rpc: Rpc, subject: K, handler: (request: RpcCalls[K]['request']) => Promise<RpcCalls[K]['reply']>) =>
  rpc.serve<RpcCalls[K]['request'], RpcCalls[K]['reply']>(subject, handler);
