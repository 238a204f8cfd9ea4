/**
 * An answer of the server that a view shows: asked for when the address changes, and again every so often.
 *
 * Earlier answers that come late are dropped. A failure keeps the last answer on screen. While the page is paused or
 * cannot be seen nothing is asked.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, getJson } from '../api/client.ts';
import { live } from './live.ts';
import { useStore } from './store.ts';

/** Nothing is shown of loading before this long. */
const LOADING_MS = 150;

export interface Resource<Answer> {
  readonly data: Answer | undefined;
  readonly error: ApiError | undefined;
  /** Whether it takes long enough to be worth showing. */
  readonly isSlow: boolean;
  /** The address that `data` answers. */
  readonly of: string | undefined;
  readonly reload: () => void;
}

/** `path` undefined asks for nothing. `everyS` 0 asks once. */
export function useResource<Answer>(path: string | undefined, everyS = 0): Resource<Answer> {
  const [state, setState] = useState<Omit<Resource<Answer>, 'isSlow' | 'reload'>>({
    data: undefined,
    error: undefined,
    of: undefined,
  });
  const [isSlow, setSlow] = useState(false);
  const [round, setRound] = useState(0);
  const isPaused = useStore(live.paused) !== undefined;
  const { kind } = useStore(live.connection);
  const isOff = kind === 'token' || kind === 'forbidden' || kind === 'waiting';
  const newest = useRef(0);

  useEffect(() => {
    if (path === undefined || isOff) return;
    const stop = new AbortController();
    const number = ++newest.current;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slow = setTimeout(() => setSlow(true), LOADING_MS);
    const ask = async (): Promise<void> => {
      try {
        const data = await getJson<Answer>(path, stop.signal);
        if (number === newest.current) setState({ data, error: undefined, of: path });
      } catch (error) {
        if (stop.signal.aborted || number !== newest.current) return;
        if (error instanceof ApiError) setState((before) => ({ ...before, error, of: path }));
      } finally {
        clearTimeout(slow);
        if (number === newest.current) setSlow(false);
      }
      if (everyS > 0 && !isPaused && !stop.signal.aborted) timer = setTimeout(again, everyS * 1000);
    };
    const again = (): void => {
      if (document.visibilityState === 'hidden') timer = setTimeout(again, everyS * 1000);
      else void ask();
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
      clearTimeout(slow);
    };
  }, [path, everyS, round, isPaused, isOff]);

  return { ...state, isSlow, reload: () => setRound((n) => n + 1) };
}
