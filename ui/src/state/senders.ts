/**
 * Who sends a metric: counted over its lines of a moment, out of the tail.
 *
 *   read until LINES or READ_MS ─▶ counts by origin and listener ─▶ again after AGAIN_MS
 *
 * The server counts senders for everything together; for one metric its lines say it. The tail is read for a moment at
 * a time only, because few may read it at once.
 */
import { useEffect, useState } from 'preact/hooks';
import type { TailBatch } from '../../../src/model/live/line-views.ts';
import { readEvents } from '../api/client.ts';
import { live, queryOf } from './live.ts';
import { useStore } from './store.ts';

const LINES = 200;
const READ_MS = 5000;
const AGAIN_MS = 30_000;

export interface Sender {
  readonly origin: string;
  readonly listener: string;
  readonly count: number;
}

export interface Senders {
  readonly lines: number;
  /** The busiest first. */
  readonly senders: readonly Sender[];
}

const NOBODY: Senders = { lines: 0, senders: [] };

export function useSenders(name: string): Senders {
  const [state, setState] = useState<Senders>(NOBODY);
  const isLive = useStore(live.connection).kind === 'live';
  useEffect(() => {
    setState(NOBODY);
    if (!isLive) return;
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const found = await readSenders(name, end.signal);
      if (end.signal.aborted) return;
      if (found.lines > 0) setState(found);
      timer = setTimeout(() => void look(), AGAIN_MS);
    };
    void look();
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [name, isLive]);
  return state;
}

async function readSenders(name: string, signal: AbortSignal): Promise<Senders> {
  const counts = new Map<string, Sender>();
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), READ_MS);
  let lines = 0;
  try {
    const both = AbortSignal.any([signal, enough.signal]);
    await readEvents(`/api/messages?${queryOf({ name })}`, both, ({ event, data }) => {
      if (event !== 'messages') return;
      for (const { name: of, origin, listener } of (JSON.parse(data) as TailBatch).messages) {
        // The filter of the tail finds names that hold this one, too.
        if (of !== name) continue;
        if (++lines > LINES) return enough.abort();
        const key = `${origin}\n${listener}`;
        counts.set(key, { origin, listener, count: (counts.get(key)?.count ?? 0) + 1 });
      }
    });
  } catch {
    // Too many read the tail, or it was long enough: what was seen so far is the answer.
  } finally {
    clearTimeout(timer);
  }
  const senders = [...counts.values()].sort((a, b) => b.count - a.count);
  return { lines: Math.min(lines, LINES), senders };
}
