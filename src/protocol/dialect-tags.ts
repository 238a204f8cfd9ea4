/**
 * Tags that are part of the name, as dialects of StatsD write them:
 *
 *   influx     hits,env=prod,az=b:1|c          graphite   hits;env=prod;az=b:1|c
 *   librato    hits#env=prod,az=b:1|c          signalfx   hits[env=prod,az=b].rate:1|c     the name is hits.rate
 *
 * The dialect whose mark comes first in the name has it, if that is on. A name that would be empty without its tags stays as
 * it is. A tag without a value stays a tag; empty ones vanish. Values hold no colon: the first one ends the name.
 *
 * Cold path: it depends on the name alone, so lines are cached as always.
 */
import type { TagDialect } from '../model/dialect.ts';
import type { ByteString } from '../model/text.ts';

export interface NamedTags {
  readonly name: ByteString;
  readonly tags: ByteString[];
  readonly dialect: TagDialect;
}

const MARKS: Readonly<Record<TagDialect, string>> = {
  influx: ',',
  librato: '#',
  signalfx: '[',
  graphite: ';',
};

/** Undefined for a name without tags in it. */
export function takeNameTags(name: ByteString, dialects: readonly TagDialect[]): NamedTags | undefined {
  let first: { readonly at: number; readonly dialect: TagDialect } | undefined;
  for (const dialect of dialects) {
    const at = name.indexOf(MARKS[dialect]);
    if (at >= 0 && (first === undefined || at < first.at)) first = { at, dialect };
  }
  if (first === undefined) return undefined;
  const { at, dialect } = first;
  let rest = '';
  let end = name.length;
  if (dialect === 'signalfx') {
    end = name.indexOf(']', at);
    if (end < 0) return undefined;
    rest = name.slice(end + 1);
  }
  const plain = name.slice(0, at) + rest;
  if (plain === '') return undefined;
  const tags: ByteString[] = [];
  for (const pair of name.slice(at + 1, end).split(dialect === 'graphite' ? ';' : ',')) {
    const equals = pair.indexOf('=');
    if (pair === '') continue;
    tags.push(equals < 0 ? pair : `${pair.slice(0, equals)}:${pair.slice(equals + 1)}`);
  }
  return { name: plain, tags, dialect };
}
