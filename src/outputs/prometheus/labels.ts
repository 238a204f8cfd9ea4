/**
 * Names and tags as Prometheus names and labels (docs/outputs.md).
 *
 *   web.latency-p95          web_latency_p95
 *   env:prod, 2xx:yes, beta  {_2xx="yes",beta="true",env="prod"}
 *
 * Labels come out sorted by name, so equal tags give equal text whatever order a client wrote them in.
 * Where a tag cannot become a label of its own, the rule is fixed and the case is reported:
 *
 *   no key               left out
 *   no value             the value is "true"
 *   reserved name        `tag_` in front: `le`, `quantile`, names in `__`, and `host` beside a host
 *   name used twice      the values sorted and joined with commas
 *   not UTF-8, control   U+FFFD in its place
 */
import { isUtf8 } from 'node:buffer';
import { type ByteString, toText } from '../../model/text.ts';
import type { Adjustment } from './problems.ts';

const UNNAMED = 'unnamed';
const VALUELESS = 'true';
const RESERVED_PREFIX = 'tag_';

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DOTTED_NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;
// One underscore per code point, but one for a whole run of dashes.
const FOREIGN = /-+|[^A-Za-z0-9_-]/gu;
// Everything a terminal or a line-based reader would act on, except the tab and the escaped line feed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g;
const PLAIN_VALUE = /^[ !#-[\]-~]*$/;

export type Note = (problem: Adjustment) => void;

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** Turns a metric name or tag key into a name that both formats accept. */
export function escapeName(name: ByteString, note?: Note): string {
  if (PLAIN_NAME.test(name)) return name;
  if (DOTTED_NAME.test(name)) return name.replaceAll('.', '_');
  if (name === '') {
    note?.('empty_name');
    return UNNAMED;
  }
  const escaped = decode(name, note).replace(FOREIGN, '_');
  return escaped >= '0' && escaped < ':' ? `_${escaped}` : escaped;
}

/**
 * Writes tags as the text between the braces. `host` is the value of the host label, empty for none.
 * `note` hears of each problem, possibly more than once.
 */
export function renderLabels(tags: readonly ByteString[], host: ByteString, note?: Note): string {
  let text = '';
  for (const { name, value } of listLabels(tags, host, note)) {
    text += `${text === '' ? '' : ','}${name}="${escapeQuoted(value)}"`;
  }
  return text;
}

/** Tags as labels, each name once, sorted by name. `toName` makes a label's name of a tag's key. */
export function listLabels(
  tags: readonly ByteString[],
  host: ByteString,
  note?: Note,
  toName: typeof escapeName = escapeName,
): Label[] {
  const labels: Label[] = [];
  if (host !== '') labels.push({ name: 'host', value: cleanValue(host, note) });
  for (const tag of tags) {
    const label = toLabel(tag, host !== '', toName, note);
    if (label !== undefined) labels.push(label);
  }
  labels.sort(compareLabels);
  let end = 0;
  for (let i = 0; i < labels.length; ) {
    const label = labels[i] as Label;
    let value = label.value;
    let last = label.value;
    for (i++; i < labels.length && labels[i]?.name === label.name; i++) {
      const next = (labels[i] as Label).value;
      if (next === last) continue;
      note?.('duplicate_label');
      value += `,${next}`;
      last = next;
    }
    labels[end++] = value === label.value ? label : { name: label.name, value };
  }
  labels.length = end;
  return labels;
}

/** Escapes what stands between double quotes in either format. */
export function escapeQuoted(text: string): string {
  if (PLAIN_VALUE.test(text)) return text;
  return text.replace(/["\\\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** Decodes wire text and replaces what a reader could take for structure. */
export function cleanValue(bytes: ByteString, note?: Note): string {
  if (PLAIN_VALUE.test(bytes)) return bytes;
  const text = decode(bytes, note);
  const clean = text.replace(CONTROL, '\uFFFD');
  if (clean !== text) note?.('control_character');
  return clean;
}

/** A tag as a label, as if it were the only one; undefined when it is none. */
export function toLabel(
  tag: ByteString,
  hasHost: boolean,
  toName: typeof escapeName = escapeName,
  note?: Note,
): Label | undefined {
  const colon = tag.indexOf(':');
  const key = colon < 0 ? tag : tag.slice(0, colon);
  if (key === '') {
    note?.('empty_tag');
    return undefined;
  }
  let name = toName(key, note);
  if (isReserved(name, hasHost)) {
    note?.('reserved_label');
    name = RESERVED_PREFIX + name;
  }
  const value = colon < 0 ? '' : cleanValue(tag.slice(colon + 1), note);
  if (value !== '') return { name, value };
  note?.('valueless_tag');
  return { name, value: VALUELESS };
}

function isReserved(name: string, hasHost: boolean): boolean {
  return name === 'quantile' || name === 'le' || (name === 'host' && hasHost) || name.startsWith('__');
}

function compareLabels(a: Label, b: Label): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
}

/** Decodes wire text as it is, for receivers that take any name. */
export function plainName(name: ByteString, note?: Note): string {
  if (name !== '') return decode(name, note);
  note?.('empty_name');
  return UNNAMED;
}

function decode(bytes: ByteString, note?: Note): string {
  const text = toText(bytes);
  if (note !== undefined && text.includes('\uFFFD') && !isUtf8(Buffer.from(bytes, 'latin1'))) {
    note('invalid_utf8');
  }
  return text;
}
