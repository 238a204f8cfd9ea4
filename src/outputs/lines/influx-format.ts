/**
 * Lines of InfluxDB's line protocol: `measurement,tag=value field=number milliseconds`, one line a series.
 *
 *   hits,env=prod,host=web1 value=12 1700000010000
 *   lat,host=web1 max=5,avg=2,count=3,95percentile=4 1700000010000
 *
 * Commas, blanks and equals signs are escaped with a backslash where they separate; a line feed is a blank, and a backslash at
 * the end of a part, which would escape what follows, is left out. A tag without a value has the value `true`.
 */
import { toText } from '../../model/text.ts';
import { hasKey, tagPairs } from '../tag-pairs.ts';
import type { FlatValue } from './flat-values.ts';
import type { LineFormat, Subject } from './line-output.ts';

export interface InfluxFormatOptions {
  /** Adds the host as a tag. */
  readonly hostTag: boolean;
}

const VALUELESS = 'true';
const FIELD = 'value';
const UNNAMED = 'unnamed';

export class InfluxFormat implements LineFormat {
  private readonly options: InfluxFormatOptions;

  constructor(options: InfluxFormatOptions) {
    this.options = options;
  }

  lines({ name, tags, host }: Subject, values: readonly FlatValue[], at: number): string[] {
    const pairs = tagPairs(tags);
    if (this.options.hostTag && host !== '' && !hasKey(pairs, 'host'))
      pairs.push({ key: 'host', value: host });
    // Sorted keys are what the database is fastest with.
    const own = pairs
      .map(({ key, value }) => `,${escaped(toText(key))}=${escaped(toText(value)) || VALUELESS}`)
      .sort()
      .join('');
    const fields = values.map(
      ({ suffix, value }) => `${escaped(suffix.replace(/^\./, '')) || FIELD}=${value}`,
    );
    return [`${measurement(toText(name))}${own} ${fields.join(',')} ${at}\n`];
  }
}

function measurement(text: string): string {
  // A line that begins with # is a comment.
  return withoutBreaks(text).replace(/[, ]/g, '\\$&').replace(/^#/, '_') || UNNAMED;
}

function escaped(text: string): string {
  return withoutBreaks(text).replace(/[,= ]/g, '\\$&');
}

function withoutBreaks(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').replace(/\\+$/, '');
}
