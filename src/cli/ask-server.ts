/** How commands find and ask a running server: `--url` and `--token`, or what the configuration says of its HTTP server. */
import { describeCause } from '../lib/text/describe-cause.ts';

const ANSWER_MS = 5000;

/** Options that say which server is asked. */
export interface ServerChoice {
  readonly url?: string;
  readonly token?: string;
  readonly config?: string;
}

export interface AskedServer {
  readonly url: string;
  /** Empty for none. */
  readonly token: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Cannot ask. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: 'ERR_STATUS_UNREACHABLE' | 'ERR_STATUS_ANSWER' | 'ERR_STATUS_DENIED';

  constructor(code: StatusError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export async function serverOf(
  { url, token: given, config }: ServerChoice,
  env: Environment,
): Promise<AskedServer> {
  const token = given ?? env.WHIPPET_HTTP_TOKEN;
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), token: token ?? '' };
  const { loadFromOptions } = await import('./options.ts');
  const { http } = (await loadFromOptions(config === undefined ? {} : { config }, env)).config;
  const host = ['0.0.0.0', '::'].includes(http.host) ? '127.0.0.1' : http.host;
  if (http.port <= 0) {
    const why = http.port < 0 ? 'http.port is -1, so it has no HTTP server' : 'http.port is 0, any free port';
    throw new StatusError('ERR_STATUS_UNREACHABLE', `${why}; give --url, which the log of the server names`);
  }
  const address = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${address}:${http.port}`, token: token ?? http.token };
}

export function headersOf({ token }: AskedServer): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** The answer of `GET path`; undefined when the server does not have it. */
export async function askJson(server: AskedServer, path: string): Promise<unknown> {
  const response = await ask(server, path);
  try {
    return response.ok ? await response.json() : undefined;
  } catch (cause) {
    throw new StatusError('ERR_STATUS_ANSWER', `what answers at ${server.url} is no whippet server`, cause);
  }
}

/** Rejects with a StatusError when nobody answers, or not to us. */
export async function ask(server: AskedServer, path: string): Promise<Response> {
  const { url } = server;
  let response: Response;
  try {
    response = await fetch(url + path, {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: headersOf(server),
    });
  } catch (cause) {
    throw new StatusError(
      'ERR_STATUS_UNREACHABLE',
      `no server answers at ${url} (${describeCause(cause)}); start it with "whippet run", or give its address with --url`,
      cause,
    );
  }
  if (response.status === 401 || response.status === 403) {
    const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
    throw new StatusError(
      'ERR_STATUS_DENIED',
      `${url} does not answer: ${error ?? response.status}; give --token`,
    );
  }
  return response;
}
