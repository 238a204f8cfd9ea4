/**
 * Finds the rules of a mapper profile that may match a name, without trying all of them.
 *
 *   app.*.svc7.*      four segments, the third is svc7     filed under "4 2 svc7"
 *   app\.svc7\.(.*)   begins with app.svc7.                filed under that text
 *   (.*)\.count       begins with anything                 filed under the empty text
 *
 * A star of a wildcard never crosses a dot, so a matching name has as many segments as the rule, and its
 * literal segments in their places; each rule is filed under the one it shares with the fewest others. A new
 * name is looked up under each of its segments and under each length of prefix that occurs.
 *
 * Why     10,000 rules tried one by one take 7 to 13 ms for each new name; 2 to 20 µs this way.
 */
import type { ByteString } from '../model/text.ts';

export interface IndexedRule {
  /** Its place in the profile; the first rule that matches wins. */
  readonly number: number;
  /** A wildcard as written; undefined for a regular expression. */
  readonly wildcard: ByteString | undefined;
  /** Text every matching name begins with. */
  readonly literalPrefix: ByteString;
}

export class RuleIndex<Rule extends IndexedRule> {
  readonly #bySegment = new Map<string, Rule[]>();
  readonly #byPrefix = new Map<ByteString, Rule[]>();
  readonly #prefixLengths: readonly number[];

  /** `rules` in the order in which they are tried. */
  constructor(rules: readonly Rule[]) {
    const uses = new Map<string, number>();
    for (const rule of rules) for (const key of segmentKeys(rule)) uses.set(key, (uses.get(key) ?? 0) + 1);
    const usesOf = (key: string): number => uses.get(key) ?? 0;
    for (const rule of rules) {
      const [rarest] = segmentKeys(rule).sort((a, b) => usesOf(a) - usesOf(b));
      if (rarest === undefined) file(this.#byPrefix, rule.literalPrefix, rule);
      else file(this.#bySegment, rarest, rule);
    }
    this.#prefixLengths = [...new Set([...this.#byPrefix.keys()].map((prefix) => prefix.length))];
  }

  /** Returns rules that may match `name`, in their order. */
  candidates(name: ByteString): readonly Rule[] {
    const lists: Rule[][] = [];
    if (this.#bySegment.size > 0) {
      const segments = name.split('.');
      segments.forEach((text, place) => {
        push(lists, this.#bySegment.get(segmentKey(segments.length, place, text)));
      });
    }
    for (const length of this.#prefixLengths)
      if (length <= name.length) push(lists, this.#byPrefix.get(name.slice(0, length)));
    if (lists.length <= 1) return lists[0] ?? [];
    return lists.flat().sort((a, b) => a.number - b.number);
  }
}

/** The places a wildcard rule could be filed at: one for each of its segments without a star. */
function segmentKeys({ wildcard }: IndexedRule): string[] {
  if (wildcard === undefined) return [];
  const segments = wildcard.split('.');
  return segments.flatMap((text, place) =>
    text.includes('*') ? [] : [segmentKey(segments.length, place, text)],
  );
}

function segmentKey(count: number, place: number, text: ByteString): string {
  return `${count} ${place} ${text}`;
}

function file<Key, Rule>(index: Map<Key, Rule[]>, key: Key, rule: Rule): void {
  const rules = index.get(key);
  if (rules === undefined) index.set(key, [rule]);
  else rules.push(rule);
}

function push<Rule>(lists: Rule[][], list: Rule[] | undefined): void {
  if (list !== undefined) lists.push(list);
}
