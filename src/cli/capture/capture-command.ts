/**
 * The work of `whippet capture`: packets that a running server receives, or remembers, to a file.
 *
 *   POST /api/capture ─▶ the file as it grows, mode 0600 ─▶ GET /api/capture: what did not fit
 *
 * SIGINT ends the capture in order: what was captured until then is whole. A second one leaves at once.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { formatBytes, Progress, type ProgressStream } from '../../lib/progress.ts';
import { count } from '../../lib/text/count.ts';
import type { CaptureView } from '../../model/views/capture-view.ts';
import { StatusError, serverOf } from '../ask-server.ts';
import { SendUsageError } from '../send/send-lines.ts';
import { makeFilter } from './replay-command.ts';

export interface CaptureOptions {
  readonly url?: string;
  readonly token?: string;
  readonly config?: string;
  readonly duration?: string;
  readonly last?: string;
  readonly out?: string;
  readonly filter?: readonly string[];
  readonly compress?: boolean;
}

export interface CaptureSurroundings {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the capture before its time. */
  readonly signal?: AbortSignal;
}

/** The capture did not come about, or not whole. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code = 'ERR_CAPTURE_FAILED';
}

/** Nothing may come for as long as nothing is received. */
const PATIENT = new Agent({ bodyTimeout: 0 });
const DURATION = /^(\d{1,6})(ms|s|m|h)?$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

export async function captureCommand(
  options: CaptureOptions,
  { stdout, stderr, env, signal }: CaptureSurroundings = process,
): Promise<void> {
  const { duration = '60s', last, compress = false, filter = [] } = options;
  if (options.last !== undefined && options.duration !== undefined)
    throw new SendUsageError('--duration and --last exclude each other');
  makeFilter(filter);
  const seconds = secondsOf(last ?? duration, last === undefined ? '--duration' : '--last');
  const { url, token } = await serverOf(options, env);
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
  const query = new URLSearchParams({
    ...(last === undefined ? { duration: withUnit(duration) } : { last: withUnit(last) }),
    ...(compress && { compress: 'true' }),
    ...(filter.length > 0 && { filter: filter.join(',') }),
  });
  const response = await ask(`${url}/api/capture?${query}`, { method: 'POST', headers }, url);
  const path =
    options.out ?? `datadog-capture-${Math.floor(Date.now() / 1000)}.dog${compress ? '.zstd' : ''}`;
  const stop = (): void =>
    void ask(`${url}/api/capture/stop`, { method: 'POST', headers }, url).catch(() => undefined);
  if (signal?.aborted === true) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  const progress = new Progress({ stream: stderr, label: last === undefined ? 'capturing' : 'receiving' });
  let bytes = 0;
  try {
    bytes = await download(response, path, (received, elapsed) =>
      progress.update(last === undefined ? elapsed / seconds : undefined, formatBytes(received)),
    );
  } finally {
    progress.end();
    signal?.removeEventListener('abort', stop);
  }
  const view = await ask(`${url}/api/capture`, { headers }, url).then(
    (answer) => answer.json() as Promise<unknown>,
  );
  report(path, bytes, (view as { readonly last: CaptureView | null }).last, stdout);
}

function report(
  path: string,
  bytes: number,
  view: CaptureView | null,
  stdout: CaptureSurroundings['stdout'],
): void {
  const packets = view === null ? '' : `${count(view.packets, 'packet')}, `;
  stdout.write(`captured ${packets}${formatBytes(bytes)} to ${path}\n`);
  if (view?.held_seconds !== undefined)
    stdout.write(`the memory held ${view.held_seconds} s of the ${view.asked_seconds} s asked for\n`);
  if (view !== null && view.dropped_packets > 0) {
    const lost = `${count(view.dropped_packets, 'packet')} (${formatBytes(view.dropped_bytes)})`;
    stdout.write(
      `${lost} did not fit and are missing; see capture.buffer_bytes and capture.copy_bytes_per_second\n`,
    );
  }
  if (view?.problem !== undefined) throw new CaptureError(`the capture is not whole: ${view.problem}`);
}

/** Writes the answer to a file that only its owner can read; returns its bytes. */
async function download(
  response: Response,
  path: string,
  onBytes: (bytes: number, elapsedSeconds: number) => void,
): Promise<number> {
  const startedAt = performance.now();
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  let bytes = 0;
  try {
    await once(file, 'open');
  } catch (cause) {
    await response.body?.cancel();
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CaptureError(code === 'EEXIST' ? `${path} exists already; give another --out` : message, {
      cause,
    });
  }
  const timer = setInterval(() => onBytes(bytes, (performance.now() - startedAt) / 1000), 200);
  try {
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (!file.write(piece)) await once(file, 'drain');
    }
  } catch (cause) {
    throw new CaptureError(`the server stopped sending after ${formatBytes(bytes)}; ${path} has what came`, {
      cause,
    });
  } finally {
    clearInterval(timer);
    file.end();
    await once(file, 'close');
  }
  return bytes;
}

async function ask(address: string, init: RequestInit, url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { ...init, dispatcher: PATIENT });
  } catch (cause) {
    const reason = (cause as { cause?: { code?: string } }).cause?.code ?? (cause as Error).message;
    const remedy = 'start it with "whippet run", or give its address with --url';
    throw new StatusError(
      'ERR_STATUS_UNREACHABLE',
      `no server answers at ${url} (${reason}); ${remedy}`,
      cause,
    );
  }
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
  if (response.status === 401 || response.status === 403)
    throw new StatusError(
      'ERR_STATUS_DENIED',
      `${url} does not answer: ${error ?? response.status}; give --token`,
    );
  throw new CaptureError(`${url} does not capture: ${error ?? `it answers ${response.status}`}`);
}

function secondsOf(text: string, option: string): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? [];
  if (amount === undefined || Number(amount) === 0)
    throw new SendUsageError(`${option} is a time such as 30s, 500ms or 5m; it is "${text}"`);
  return Number(amount) * (UNIT_SECONDS[unit] as number);
}

function withUnit(text: string): string {
  return /\d$/.test(text) ? `${text}s` : text;
}
