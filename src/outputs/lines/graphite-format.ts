/**
 * Lines of Graphite's plaintext protocol: `path value seconds`.
 *
 *   tagged  web.hits;env=prod;host=web1 12 1700000010        tags of Graphite 1.1, sorted by key
 *   folded  web.hits.env.prod.host.web1 12 1700000010        tags as parts of the path, dots in them as underscores
 *   none    web.hits 12 1700000010
 *
 * What would end a part is replaced by an underscore: blanks, semicolons and control characters everywhere, `!`, `^` and `=` in
 * keys, a tilde at the start of a value. A tag without a value has the value `true`.
 */
import { type ByteString, toText } from '../../model/text.ts';
import { hasKey, tagPairs } from '../tag-pairs.ts';
import type { FlatValue } from './flat-values.ts';
import type { LineFormat, Subject } from './line-output.ts';

export interface GraphiteFormatOptions {
  readonly tags: 'tagged' | 'folded' | 'none';
  /** Before every path, with its dot. */
  readonly prefix: string;
  /** Adds the host as a tag. */
  readonly hostTag: boolean;
}

const VALUELESS = 'true';

export class GraphiteFormat implements LineFormat {
  private readonly options: GraphiteFormatOptions;

  constructor(options: GraphiteFormatOptions) {
    this.options = options;
  }

  lines(subject: Subject, values: readonly FlatValue[], at: number): string[] {
    const name = this.options.prefix + cleaned(toText(subject.name), NAME);
    const tags = this.tagsOf(subject);
    const seconds = Math.floor(at / 1000);
    return values.map(({ suffix, value }) => `${name}${suffix}${tags} ${value} ${seconds}\n`);
  }

  private tagsOf({ tags, host }: Subject): string {
    const { tags: form, hostTag } = this.options;
    if (form === 'none') return '';
    const pairs = tagPairs(tags);
    if (hostTag && host !== '' && !hasKey(pairs, 'host')) pairs.push({ key: 'host', value: host });
    const parts = pairs.map(({ key, value }) =>
      form === 'tagged' ? tagged(key, value) : folded(key, value),
    );
    return parts.sort().join('');
  }
}

function tagged(key: ByteString, value: ByteString): string {
  return `;${cleaned(toText(key), KEY)}=${cleaned(toText(value), VALUE).replace(/^~/, '_') || VALUELESS}`;
}

function folded(key: ByteString, value: ByteString): string {
  return `.${cleaned(toText(key), PART)}.${cleaned(toText(value), PART) || VALUELESS}`;
}

const NAME = /[\s;\p{Cc}]/gu;
const KEY = /[\s;!^=\p{Cc}]/gu;
const VALUE = /[\s;\p{Cc}]/gu;
const PART = /[\s;.=/\p{Cc}]/gu;
const PLAIN = /^[\w.:-]*$/;

function cleaned(text: string, foreign: RegExp): string {
  return PLAIN.test(text) && foreign !== PART ? text : text.replace(foreign, '_');
}
