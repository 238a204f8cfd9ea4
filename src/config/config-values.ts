/** The configuration as a program writes it: keys and values as in the file, each of which may be left out. */
import type { Config } from './schema.ts';

export type ConfigValues = Optional<Config>;

type Optional<T> = T extends readonly (infer Item)[]
  ? readonly Item[]
  : T extends object
    ? { readonly [K in keyof T]?: Optional<T[K]> }
    : T;
