/** The configuration as people see it, for a running server, which does not load the schema. */

export interface ViewedKey {
  readonly value: unknown;
  readonly source: string;
  /** What a value that leaves the choice to this machine comes to here. */
  readonly chosen?: string;
}

/** By the path of the key. */
export type ConfigView = Readonly<Record<string, ViewedKey>>;

/** `before` with what `after` says of `keys` and all below them. */
export function mergeViews(before: ConfigView, after: ConfigView, keys: readonly string[]): ConfigView {
  const isTaken = (path: string): boolean => keys.some((key) => path === key || path.startsWith(`${key}.`));
  return {
    ...before,
    ...Object.fromEntries(Object.entries(after).filter(([path]) => isTaken(path))),
  };
}
