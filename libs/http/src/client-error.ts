import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { commonError, type DomainError } from '@talon/kernel';
import { problemHeaders, problemOf } from './problem';

/** Requests that Node's parser refuses never become a request; the answer is written to the socket. */
export function answerClientError(error: Error & { code?: string }, socket: Socket) {
  // A reset connection has nobody left to answer.
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const problem = problemOf(refusalFor(error.code), '/');
  const body = JSON.stringify(problem);
  const headers = { ...problemHeaders(problem), 'content-length': String(Buffer.byteLength(body)), 'connection': 'close' };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head}\r\n${body}`);
}

function refusalFor(code: string | undefined): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW') return commonError('headers-too-large', 'The request line and headers are larger than 16 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return commonError('request-timeout', 'The request did not arrive in time');
  return commonError('malformed-address', 'The request is not valid HTTP');
}
