/** What a client is told whose request cannot be read: before any route, and whether or not routes are loaded. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const PROBLEMS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Client Timeout'],
  HPE_HEADER_OVERFLOW: [431, 'Exceeded maximum allowed HTTP header size'],
};
const OTHER = [400, 'Client Error'] as const;

/** A listener of a server's `clientError`: answers, unless the client is gone, and ends the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [statusCode, message] = PROBLEMS[error.code ?? ''] ?? OTHER;
  const name = STATUS_CODES[statusCode];
  const body = JSON.stringify({ error: name, message, statusCode });
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${statusCode} ${name}\r\nContent-Length: ${body.length}\r\nContent-Type: application/json\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}
