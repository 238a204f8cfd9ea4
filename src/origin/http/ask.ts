/**
 * One GET of an API beside this server, over TCP, TLS or a Unix socket, that cannot hang or grow: every answer has a
 * deadline and a size limit.
 *
 *   get(target, '/containers/json', {deadlineMs, bytesMax})   ─▶ status, headers, the JSON value
 *   stream(target, '/events', …)                              ─▶ a JSON value a line, until the other side or stop ends it
 *
 * An error says what was asked and what went wrong, never what the answer held: answers hold secrets.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { describeCause } from '../../lib/text/describe-cause.ts';

/** Where and how to ask. */
export interface Target {
  /** `http://127.0.0.1:51678`, `https://10.0.0.1:10250`; for a socket the host does not matter. */
  readonly url: string;
  readonly socketPath?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly verify: boolean;
  };
}

export interface AskLimits {
  /** For everything, from the connection to the last byte; of a stream, for its headers. */
  readonly deadlineMs: number;
  /** Of an answer; of a stream, for one line. */
  readonly bytesMax: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined when the body is no JSON. */
  readonly body: unknown;
}

export type AskFailure =
  | 'unreachable'
  | 'deadline'
  | 'too_large'
  | 'no_json'
  | 'status'
  | 'cut_off'
  | 'stopped';

export class AskError extends Error {
  override readonly name = 'AskError';
  readonly failure: AskFailure;
  /** HTTP status, or the name of the system's error; empty when there is none. */
  readonly code: string;

  constructor(failure: AskFailure, message: string, code = '') {
    super(message);
    this.failure = failure;
    this.code = code;
  }
}

/** Rejects with an AskError, also for a status other than 2xx and for a body that is not JSON. */
export async function get(
  target: Target,
  path: string,
  limits: AskLimits,
  signal?: AbortSignal,
): Promise<Answer> {
  const answer = await getAny(target, path, limits, signal);
  if (answer.status < 200 || answer.status > 299)
    throw new AskError('status', `${target.url}${path} answered ${answer.status}`, String(answer.status));
  if (answer.body === undefined)
    throw new AskError('no_json', `${target.url}${path} did not answer with JSON`);
  return answer;
}

/** Any status and any body are an answer. */
export async function getAny(
  target: Target,
  path: string,
  { deadlineMs, bytesMax }: AskLimits,
  signal?: AbortSignal,
): Promise<Answer> {
  const ends = new Ends(target, path, deadlineMs, signal);
  try {
    const response = await ends.guard(open(target, path, ends.signal));
    const chunks: Buffer[] = [];
    let bytes = 0;
    await ends.guard(
      (async () => {
        for await (const chunk of response as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > bytesMax) {
            response.destroy();
            throw new AskError('too_large', `${target.url}${path} answered with more than ${bytesMax} bytes`);
          }
          chunks.push(chunk);
        }
        if (!response.complete)
          throw new AskError('cut_off', `the answer of ${target.url}${path} was cut off`);
      })(),
    );
    const { statusCode = 0, headers } = response;
    return { status: statusCode, headers, body: parse(Buffer.concat(chunks).toString('utf8')) };
  } finally {
    ends.close();
  }
}

/**
 * Calls `onValue` with each line's JSON value; lines that are no JSON, or too long, go to `onBadLine`. Resolves when the
 * other side ends the stream, rejects with an AskError when it could not begin or broke.
 */
export async function stream(
  target: Target,
  path: string,
  { deadlineMs, bytesMax }: AskLimits,
  signal: AbortSignal,
  on: { readonly open?: () => void; readonly value: (value: unknown) => void; readonly badLine: () => void },
): Promise<void> {
  const ends = new Ends(target, path, deadlineMs, signal);
  try {
    const response = await ends.guard(open(target, path, ends.signal));
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) {
      response.destroy();
      throw new AskError('status', `${target.url}${path} answered ${statusCode}`, String(statusCode));
    }
    ends.cancelDeadline();
    on.open?.();
    await ends.guard(readLines(response, bytesMax, on));
  } finally {
    ends.close();
  }
}

async function readLines(
  response: IncomingMessage,
  bytesMax: number,
  on: { readonly value: (value: unknown) => void; readonly badLine: () => void },
): Promise<void> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let isTooLong = false;
  const take = (line: Buffer): void => {
    const text = line.toString('utf8').trim();
    if (text === '') return;
    const value = parse(text);
    if (value === undefined) on.badLine();
    else on.value(value);
  };
  for await (const chunk of response as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      if (isTooLong) on.badLine();
      else take(Buffer.concat([...rest, chunk.subarray(from, end)]));
      rest = [];
      restBytes = 0;
      isTooLong = false;
      from = end + 1;
    }
    if (from === chunk.length || isTooLong) continue;
    rest.push(chunk.subarray(from));
    restBytes += chunk.length - from;
    if (restBytes > bytesMax) {
      isTooLong = true;
      rest = [];
    }
  }
  // What has no line end was cut off in the middle.
  if (restBytes > 0) on.badLine();
}

/** The ends that a request can have: its deadline, and that everything stops. */
class Ends {
  private readonly controller = new AbortController();
  private readonly what: string;
  private readonly stop: AbortSignal | undefined;
  private readonly onStop = (): void => this.controller.abort();
  private readonly timer: NodeJS.Timeout;
  private readonly deadlineMs: number;
  private isLate = false;

  constructor({ url }: Target, path: string, deadlineMs: number, stop: AbortSignal | undefined) {
    this.what = url + path;
    this.stop = stop;
    this.deadlineMs = deadlineMs;
    if (stop?.aborted === true) this.controller.abort();
    stop?.addEventListener('abort', this.onStop);
    this.timer = setTimeout(() => {
      this.isLate = true;
      this.controller.abort();
    }, deadlineMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  cancelDeadline(): void {
    clearTimeout(this.timer);
  }

  close(): void {
    clearTimeout(this.timer);
    this.stop?.removeEventListener('abort', this.onStop);
  }

  /** Errors of Node as an AskError that says what happened. */
  async guard<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof AskError) throw error;
      if (this.stop?.aborted === true) throw new AskError('stopped', `${this.what} is not asked any more`);
      if (this.isLate)
        throw new AskError('deadline', `${this.what} did not answer within ${this.deadlineMs / 1000} s`);
      const { code } = error as { readonly code?: unknown };
      const name = typeof code === 'string' ? code : '';
      const failure = name === 'ECONNRESET' ? 'cut_off' : 'unreachable';
      throw new AskError(failure, `${this.what}: ${describeCause(error)}`, name);
    }
  }
}

function open(target: Target, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, socketPath, headers, tls } = target;
  const make = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = make(
      new URL(url.replace(/\/+$/, '') + path),
      {
        ...{ method: 'GET', agent: false, signal },
        headers: { accept: 'application/json', ...headers },
        ...(socketPath !== undefined && { socketPath }),
        ...(tls !== undefined && {
          rejectUnauthorized: tls.verify,
          ca: tls.ca,
          cert: tls.cert,
          key: tls.key,
        }),
      },
      resolve,
    );
    request.on('error', reject);
    request.end();
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
