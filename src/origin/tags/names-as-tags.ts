/**
 * The keys `*_as_tags`: which labels, annotations and variables become tags (docs/origin.md#tags-of-your-own).
 *
 *   {app: kube_app}                    label app=shop           ─▶  kube_app:shop
 *   {App: +team}                       label app=shop           ─▶  team:shop, high
 *   {'*': 'label_%%label%%'}           label app=shop           ─▶  label_app:shop
 *   {app: 'a, b'}                      label app=shop           ─▶  a:shop, b:shop
 *
 * Names are compared in lower case. `%%label%%`, `%%annotation%%` and `%%env%%` stand for the name as it is written.
 */
import { matchesGlob } from '../../lib/text/glob.ts';
import type { TagList } from './tag-list.ts';

export type NamesAsTags = Readonly<Record<string, string>>;

interface Rule {
  /** In lower case. */
  readonly pattern: string;
  readonly isGlob: boolean;
  readonly tagNames: readonly string[];
}

const PLACEHOLDER = /%%(?:label|annotation|env)%%/g;

export class NameRules {
  private readonly exact = new Map<string, Rule>();
  private readonly globs: readonly Rule[];

  /** Maps that come later win where they have the same name. */
  constructor(...maps: readonly NamesAsTags[]) {
    const merged = new Map<string, string>();
    for (const map of maps)
      for (const [name, tags] of Object.entries(map)) merged.set(name.toLowerCase(), tags);
    const rules = [...merged].map(([pattern, tags]) => ({
      ...{ pattern, isGlob: pattern.includes('*') },
      tagNames: tags
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    }));
    for (const rule of rules) if (!rule.isGlob) this.exact.set(rule.pattern, rule);
    this.globs = rules.filter(({ isGlob }) => isGlob);
  }

  get isEmpty(): boolean {
    return this.exact.size === 0 && this.globs.length === 0;
  }

  /** Whether a label, annotation or variable of this name becomes a tag. */
  wants(name: string): boolean {
    return this.rulesFor(name).length > 0;
  }

  /** Adds what `values`, by name, become. */
  addTo(list: TagList, values: Readonly<Record<string, string>>): void {
    if (this.isEmpty) return;
    for (const [name, value] of Object.entries(values))
      for (const { tagNames } of this.rulesFor(name))
        for (const tag of tagNames)
          list.auto(
            tag.replace(PLACEHOLDER, () => name),
            value,
          );
  }

  private rulesFor(name: string): Rule[] {
    const lower = name.toLowerCase();
    const exact = this.exact.get(lower);
    const globs = this.globs.filter(({ pattern }) => matchesGlob(lower, pattern));
    return exact === undefined ? globs : [exact, ...globs];
  }
}
