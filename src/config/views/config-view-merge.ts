/** The configuration as people see it, for a running server, which does not load the schema. */

/** By the path of the key. */
export type ConfigView = Readonly<Record<string, { readonly value: unknown; readonly source: string }>>;

/** `before` with what `after` says of `keys` and all below them. */
export function mergeViews(before: ConfigView, after: ConfigView, keys: readonly string[]): ConfigView {
  const isTaken = (path: string): boolean => keys.some((key) => path === key || path.startsWith(`${key}.`));
  return {
    ...before,
    ...Object.fromEntries(Object.entries(after).filter(([path]) => isTaken(path))),
  };
}
