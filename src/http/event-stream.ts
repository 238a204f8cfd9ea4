/**
 * Server-sent events of one reader.
 *
 *   event: tick
 *   data: {…}
 *
 * An event that many readers get is rendered once (renderEvent).
 *
 * A reader that is slow is not waited for: while more than HELD_BYTES_MAX wait for it, send() says so and sends nothing.
 */
import type { FastifyReply } from 'fastify';

const HELD_BYTES_MAX = 256 * 1024;
/** So that proxies and readers know the connection lives. */
const KEEP_ALIVE_MS = 15_000;

export interface EventStream {
  /** False when the reader is too slow; nothing was sent then. */
  send(event: string, data: unknown): boolean;
  /** The same with an event that is rendered already. */
  sendRendered(event: Buffer): boolean;
}

/** An event as it is sent; `json` has no line feed. */
export function renderEvent(event: string, json: string): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${json}\n\n`);
}

/** Answers with events; `onClose` is called when the reader has gone. */
export function openEventStream(reply: FastifyReply, onClose: () => void): EventStream {
  const { raw } = reply;
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  // A hijacked reply passes no hook that would add these.
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  raw.write(': whippet\n\n');
  const alive = setInterval(() => raw.write(': \n\n'), KEEP_ALIVE_MS).unref();
  raw.once('close', () => {
    clearInterval(alive);
    onClose();
  });
  const write = (render: () => Buffer): boolean => {
    if (raw.writableLength > HELD_BYTES_MAX) return false;
    raw.write(render());
    return true;
  };
  return {
    send: (event, data) => write(() => renderEvent(event, JSON.stringify(data))),
    sendRendered: (event) => write(() => event),
  };
}
