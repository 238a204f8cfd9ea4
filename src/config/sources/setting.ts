/**
 * What the readers of file, environment and flags hand to `loadConfig`: settings, and what they found
 * odd or wrong on the way.
 */
import type { ConfigErrorCode, ConfigProblem } from '../config-error.ts';
import { isHarmless, type UnusedAgentKey } from '../keys/unused-agent-keys.ts';

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string }
  /** An object given by a program that uses the package. */
  | { readonly kind: 'values' }
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string };

/** One value for one key, not yet validated. */
export interface Setting {
  /** The key's path: `http.port`. */
  readonly key: string;
  readonly value: unknown;
  readonly source: Source;
}

export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `file ${source.path}`;
    case 'values':
      return 'given values';
    case 'env':
      return `env ${source.variable}`;
    case 'flag':
      return `flag ${source.flag}`;
  }
}

/** Collects problems, which stop the program, and warnings, which do not. */
export class Findings {
  readonly problems: ConfigProblem[] = [];
  private readonly _warnings: string[] = [];
  private readonly unused = new Set<string>();

  report(code: ConfigErrorCode, message: string, cause?: unknown): void {
    this.problems.push({ code, message, cause });
  }

  warn(message: string): void {
    this._warnings.push(message);
  }

  /** Notes a key of the Agent that this version reads and does not use: by itself when the data differs without it. */
  noteUnused(unused: UnusedAgentKey, { key, value, source }: Setting): void {
    if (value === null || value === undefined || isHarmless(unused, value)) return;
    if (unused.lost === undefined) this.unused.add(key);
    else this.warn(`${key} is not used: ${unused.lost} (${describeSource(source)})`);
  }

  /** The warnings, with one for all unused keys together. */
  get warnings(): string[] {
    if (this.unused.size === 0) return [...this._warnings];
    return [...this._warnings, `not used by this version: ${[...this.unused].join(', ')}`];
  }
}

/** The settings of one source. A key given twice in it is a problem: neither value is clearly meant. */
export class Layer {
  readonly settings = new Map<string, Setting>();
  private readonly findings: Findings;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  add(setting: Setting): void {
    const other = this.settings.get(setting.key);
    if (other === undefined) this.settings.set(setting.key, setting);
    else this.findings.report('ERR_CONFIG_DUPLICATE_KEY', describeDuplicate(other, setting));
  }
}

function describeDuplicate(first: Setting, second: Setting): string {
  const places = new Set([describeSource(first.source), describeSource(second.source)]);
  return `${first.key} is set twice (${[...places].join(', ')}); keep one`;
}
