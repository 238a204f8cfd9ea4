/**
 * Reads server-sent events of a running server, for as long as it is asked to, and tries again when the server goes:
 * after 1, 2, 4, 8, then every 15 seconds.
 */
import { describeCause } from '../../lib/text/describe-cause.ts';
import type { AskedServer } from '../ask-server.ts';
import { headersOf } from '../ask-server.ts';

const WAITS_S = [1, 2, 4, 8, 15];
/** A reader that hears nothing for so long takes the connection for dead; the server sends something every 15 s. */
const SILENCE_MS = 40_000;
const EVENT_BYTES_MAX = 16 * 1024 * 1024;

export interface EventHandlers {
  readonly onEvent: (event: string, data: unknown) => void;
  /** The server does not answer; `retryAt` is when it is tried again, ms since 1970. */
  readonly onLost: (why: string, retryAt: number) => void;
}

/** What it returns ends the reading. */
export function readEvents(server: AskedServer, path: string, handlers: EventHandlers): () => void {
  const ending = new AbortController();
  void keepReading(server, path, handlers, ending.signal);
  return () => ending.abort();
}

async function keepReading(
  server: AskedServer,
  path: string,
  handlers: EventHandlers,
  ended: AbortSignal,
): Promise<void> {
  let attempt = 0;
  while (!ended.aborted) {
    let why: string;
    try {
      await readOnce(server, path, ended, (event, data) => {
        attempt = 0;
        handlers.onEvent(event, data);
      });
      why = 'the server ended the connection';
    } catch (error) {
      why = reasonOf(error, server.url);
    }
    if (ended.aborted) return;
    const waitMs = (WAITS_S[Math.min(attempt++, WAITS_S.length - 1)] ?? 15) * 1000;
    handlers.onLost(why, Date.now() + waitMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      ended.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

async function readOnce(
  server: AskedServer,
  path: string,
  ended: AbortSignal,
  onEvent: (event: string, data: unknown) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const signal = AbortSignal.any([ended, silence.signal]);
    const response = await fetch(server.url + path, { signal, headers: headersOf(server) });
    if (!response.ok || response.body === null) {
      const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
      throw new Error(error ?? `the server answered ${response.status}`);
    }
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = (blocks.pop() ?? '').slice(-EVENT_BYTES_MAX);
      for (const block of blocks) dispatch(block, onEvent);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** One event: `event: tick`, `data: {…}`. Comments and what is no JSON are left out. */
function dispatch(block: string, onEvent: (event: string, data: unknown) => void): void {
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const data = field('data');
  if (data === undefined) return;
  onEvent(field('event') ?? 'message', JSON.parse(data));
}

function reasonOf(error: unknown, url: string): string {
  const { cause, message } = error as Error;
  return cause === undefined ? message : `no server answers at ${url} (${describeCause(cause)})`;
}
