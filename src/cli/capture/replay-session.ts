/**
 * Has a running server take the packets of this process for those of the captured senders (POST /api/replay), until close().
 */
import { Agent, fetch, type Response } from 'undici';
import { encodeState, type TaggerState } from '../../inspect/capture/tagger-state.ts';
import { describeCause } from '../../lib/text/describe-cause.ts';
import { type AskedServer, headersOf, StatusError } from '../ask-server.ts';
import { SendError } from '../send/packet-socket.ts';

const ANSWER_MS = 30_000;

export interface RemoteReplay {
  /** Captured processes and containers that the server knows now. */
  readonly processes: number;
  readonly entities: number;
  close(): Promise<void>;
}

/** Rejects with a StatusError when nobody answers, and with a SendError when the server refuses. */
export async function openRemoteReplay(server: AskedServer, state: TaggerState): Promise<RemoteReplay> {
  const { url } = server;
  // Nothing comes after the first line, for as long as the replay lasts.
  const dispatcher = new Agent({ bodyTimeout: 0, headersTimeout: ANSWER_MS });
  const stop = new AbortController();
  const close = async (): Promise<void> => {
    stop.abort();
    await dispatcher.destroy();
  };
  try {
    const response = await ask(`${url}/api/replay?pid=${process.pid}`, {
      ...{ method: 'POST', headers: headersOf(server), body: encodeState(state) },
      ...{ dispatcher, signal: stop.signal },
    });
    const { processes, entities } = await readAnswer(response, url);
    return { processes, entities, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ask(address: string, init: Parameters<typeof fetch>[1]): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (cause) {
    const problem = `no server answers at ${address} (${describeCause(cause)})`;
    throw new StatusError('ERR_STATUS_UNREACHABLE', `${problem}; give its address with --url`, cause);
  }
}

async function readAnswer(
  response: Response,
  url: string,
): Promise<{ readonly processes: number; readonly entities: number }> {
  if (!response.ok) {
    const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
    const why = error ?? `it answers ${response.status}`;
    if (response.status === 401 || response.status === 403)
      throw new StatusError('ERR_STATUS_DENIED', `${url} does not answer: ${why}; give --token`);
    throw new SendError('ERR_SEND_STOPPED', `${url} takes no replay with senders: ${why}`);
  }
  const reader = response.body?.getReader();
  let text = '';
  const decoder = new TextDecoder();
  while (reader !== undefined && !text.includes('\n')) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value as Uint8Array, { stream: true });
  }
  const end = text.indexOf('\n');
  if (reader === undefined || end < 0)
    throw new StatusError('ERR_STATUS_ANSWER', `what answers at ${url} is no whippet server`);
  // The rest of the body is the time that the replay takes; a body that is not read would be given up.
  void reader.read().catch(() => undefined);
  return JSON.parse(text.slice(0, end)) as { processes: number; entities: number };
}
