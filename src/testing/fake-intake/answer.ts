/** Sends the answer an override asks for, faults of the connection included. */
import type { FastifyReply } from 'fastify';
import type { Override } from './overrides.ts';

/** Between two bytes of a dripping answer, ms. */
const DRIP_MS = 20;

/** Resolves when the answer is under way; a hanging one ends with its connection. */
export async function sendOverride(reply: FastifyReply, override: Override): Promise<FastifyReply> {
  const { delayMs = 0, fault } = override;
  if (delayMs > 0) await pause(reply, delayMs);
  if (fault !== undefined) return sendFault(reply, override);
  return reply
    .code(override.statusCode ?? 200)
    .headers(headersOf(override))
    .send(bodyOf(override));
}

function sendFault(reply: FastifyReply, override: Override): FastifyReply {
  reply.hijack();
  const { raw } = reply;
  if (override.fault === 'reset') raw.socket?.resetAndDestroy();
  if (override.fault === 'hang' || override.fault === 'reset') return reply;
  const body = bodyOf(override);
  raw.writeHead(override.statusCode ?? 200, {
    ...headersOf(override),
    'content-length': body.length,
    'fakeintake-id': String(reply.getHeader('fakeintake-id')),
  });
  if (override.fault === 'hang_in_body') raw.write(body.subarray(0, body.length >> 1));
  else drip(reply, body, 0);
  return reply;
}

function drip(reply: FastifyReply, body: Uint8Array, at: number): void {
  if (reply.raw.destroyed) return;
  if (at === body.length) {
    reply.raw.end();
    return;
  }
  reply.raw.write(body.subarray(at, at + 1));
  setTimeout(() => drip(reply, body, at + 1), DRIP_MS).unref();
}

function pause(reply: FastifyReply, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    reply.raw.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function bodyOf({ body = '{"errors":[]}' }: Override): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
}

function headersOf({ contentType = 'application/json', headers = {} }: Override): Record<string, string> {
  return { 'content-type': contentType, ...headers };
}
