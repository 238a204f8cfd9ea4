/** A value that components show, and redraw with when it changes: at most once a frame. */
import { useEffect, useReducer } from 'preact/hooks';

export class Store<Value> {
  private _value: Value;
  private readonly listeners = new Set<() => void>();

  constructor(value: Value) {
    this._value = value;
  }

  get value(): Value {
    return this._value;
  }

  set value(next: Value) {
    if (Object.is(next, this._value)) return;
    this._value = next;
    for (const listener of [...this.listeners]) listener();
  }

  /** Calls `listener` after each change; what it returns ends that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

/** The value now; the component is drawn anew when it changes. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useReducer<number, void>((n) => n + 1, 0);
  useEffect(() => {
    const seen = store.value;
    const stop = store.subscribe(() => redraw());
    // It may have changed between drawing and now.
    if (!Object.is(seen, store.value)) redraw();
    return stop;
  }, [store]);
  return store.value;
}
