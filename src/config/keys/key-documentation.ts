/**
 * The words that document a key, registered with its schema: docs/configuration.md, errors and `whippet config` show them.
 */
import { z } from 'zod';

/** What a person has to know about a key. */
export interface KeyText {
  /** What the key does. */
  readonly what: string;
  /** What a higher, lower or other value costs and gains. */
  readonly trade: string;
  /** Completes "Change it when …"; left out where that would say nothing new. */
  readonly when?: string;
  /** Shown in place of the default when the default depends on the machine. */
  readonly defaultText?: string;
  /** For keys that hold secrets: the value as people may see it, whatever it is. */
  readonly conceal?: (value: unknown) => unknown;
}

export interface KeyDocumentation extends KeyText {
  readonly type: string;
  /** Completes "allowed: …" in errors and in the documentation. */
  readonly allowed: string;
  readonly unit?: string;
}

/** Every schema registered here is a key; every other schema below the root is a section. */
export const keyDocumentation = z.registry<KeyDocumentation>();
