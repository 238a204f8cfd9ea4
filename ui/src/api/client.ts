/**
 * Requests to the server the page came from: JSON, or a stream of events, with the token when there is one.
 *
 * The token lives in this module's memory and nowhere else; it goes when the tab does. A request that is refused
 * tells `onRefused`, so that the page asks for the token, whichever view noticed first.
 *
 * Limits  JSON_TIMEOUT_MS for an answer; a stream that is silent for SILENCE_MS counts as broken.
 */
import { EventParser, type ServerEvent } from './events.ts';

const JSON_TIMEOUT_MS = 15_000;
/** The server says something at least every 15 s. */
const SILENCE_MS = 35_000;

let token = '';
let onRefused: (error: ApiError) => void = () => undefined;

/** The server answered, and not with what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  get isRefused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

export function setToken(text: string): void {
  token = text;
}

export function whenRefused(listener: (error: ApiError) => void): void {
  onRefused = listener;
}

export function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return askJson<Answer>(path, { method: 'GET' }, signal);
}

export function postJson<Answer>(path: string, body: string, signal?: AbortSignal): Promise<Answer> {
  return askJson<Answer>(path, { method: 'POST', body, headers: { 'content-type': 'text/plain' } }, signal);
}

/** Rejects with an ApiError when the stream is refused, with another error when it breaks; resolves at its end. */
export async function readEvents(
  path: string,
  signal: AbortSignal,
  take: (event: ServerEvent) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch(path, { ...init({}), signal: AbortSignal.any([signal, silence.signal]) });
    if (!response.ok) throw await errorOf(response);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) take(event);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

async function askJson<Answer>(path: string, options: RequestInit, signal?: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(JSON_TIMEOUT_MS);
  const response = await fetch(path, {
    ...init(options),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  // A health report says what is wrong with status 503, a reload with 400.
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (!response.ok) throw await errorOf(response);
  if (!isJson) throw new ApiError(response.status, 'the server answered with something that is not JSON');
  return (await response.json()) as Answer;
}

function init(options: RequestInit): RequestInit {
  const headers = new Headers(options.headers);
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  return { ...options, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' };
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const error = new ApiError(response.status, messageOf(text) ?? `the server answered ${response.status}`);
  if (error.isRefused) onRefused(error);
  return error;
}

// {"error":"…"}, or {"ok":false,"problems":["…"]}
function messageOf(text: string): string | undefined {
  try {
    const answer = JSON.parse(text) as { error?: unknown; message?: unknown; problems?: unknown };
    if (Array.isArray(answer.problems)) return answer.problems.map(String).join('\n');
    if (typeof answer.error === 'string') return answer.error;
    return typeof answer.message === 'string' ? answer.message : undefined;
  } catch {
    return undefined;
  }
}
