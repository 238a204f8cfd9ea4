/**
 * What the configuration makes of a line, looked at once for all lines that differ only in their value and the values of
 * their tags.
 *
 *   page.views:1|c|#env:dev,user:7 ─▶ page.views|c|#env,user ─▶ known? │ cold path ─▶ kind, features, effects, context
 *
 * Memory  LINES_MAX known lines; one more, and they are forgotten and looked at again.
 */
import { isSpecialTag } from '../../enrich/tags/special-tags.ts';
import { type ByteString, detachText } from '../../model/text.ts';
import type { CapturedTagger } from '../capture/captured-tagger.ts';
import { nameOf } from '../capture/filter.ts';
import type { ReadRecord } from '../capture/record.ts';
import { type Walk, type WalkSettings, walkPacket } from '../explain/walk.ts';
import { describeRejection } from '../explain/words.ts';

const LINES_MAX = 200_000;
/** Numbers that every implementation reads alike: lines with others are looked at one by one. */
const PLAIN_VALUES = /^[-+]?\d{1,15}(?:\.\d{1,15})?(?::[-+]?\d{1,15}(?:\.\d{1,15})?)*$/;

/** What is known of lines that differ in their value and the values of their tags only. */
export interface KnownLine {
  readonly kind: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly effects: readonly string[];
  readonly rejection: string | undefined;
  /** What the context is but for its tags; empty when the line has none. */
  readonly contextHead: string;
  /** Keys of the tags that the configuration takes away. */
  readonly removedKeys: ReadonlySet<string>;
}

export interface LookOptions {
  readonly walk: WalkSettings;
  readonly senders: CapturedTagger;
  /** Whether every message of packets that came through this kind of listener must end with LF. */
  readonly eolRequired: (listener: string) => boolean;
}

export class KnownLines {
  private readonly options: LookOptions;
  private readonly known = new Map<string, KnownLine>();

  constructor(options: LookOptions) {
    this.options = options;
  }

  look(line: ByteString, tags: readonly ByteString[], record: ReadRecord): KnownLine {
    const key = shapeOf(line, tags, record.pid);
    const known = key === undefined ? undefined : this.known.get(key);
    if (known !== undefined) return known;
    const { walk, senders, eolRequired } = this.options;
    const settings = {
      ...walk,
      eolRequired: eolRequired(record.listener),
      tagger: senders,
      sender: senders.senderOf(record.pid),
    };
    const [result] = walkPacket(`${line}\n`, settings).walks;
    const found = describe(line, result as Walk, settings.sender.socket);
    if (key !== undefined) {
      if (this.known.size >= LINES_MAX) this.known.clear();
      this.known.set(key, found);
    }
    return found;
  }
}

// page.views:1|c|#env:dev,user:7   ─▶   page.views|c|#env,user, when the value is a plain number
function shapeOf(line: ByteString, tags: readonly ByteString[], pid: number): string | undefined {
  const colon = line.indexOf(':');
  const bar = line.indexOf('|', colon + 1);
  if (colon <= 0 || bar < 0 || line.startsWith('_')) return undefined;
  const value = line.slice(colon + 1, bar);
  if (!PLAIN_VALUES.test(value)) return undefined;
  // Packed values are a feature of the protocol of their own.
  const packed = value.includes(':') ? ':' : '';
  const tagsAt = line.indexOf('|#', bar);
  const tagsEnd = tagsAt < 0 ? -1 : line.indexOf('|', tagsAt + 2);
  const before = tagsAt < 0 ? line.slice(bar) : line.slice(bar, tagsAt);
  const after = tagsEnd < 0 ? '' : line.slice(tagsEnd);
  const fields = `${before}${after}`.replace(/\|T\d+/, '|T1');
  return `${pid} ${line.slice(0, colon)}${packed}${fields}#${tags.map(keyOf).join(',')}`;
}

/** Tags with a meaning of their own keep their value. */
function keyOf(tag: ByteString): ByteString {
  const colon = tag.indexOf(':');
  return colon < 0 || isSpecialTag(tag) ? tag : tag.slice(0, colon);
}

/** The context of a line with these tags, as a text. */
export function contextOf({ contextHead, removedKeys }: KnownLine, tags: readonly ByteString[]): string {
  const kept = removedKeys.size === 0 ? tags : tags.filter((tag) => !removedKeys.has(keyOf(tag)));
  return `${contextHead}${kept.length < 2 ? (kept[0] ?? '') : [...kept].sort().join(',')}`;
}

function describe(line: ByteString, { parsed, outcome, steps, notes }: Walk, socket: ByteString): KnownLine {
  const effects = new Set<string>();
  const removedKeys = new Set<string>();
  for (const step of steps) {
    if (step.kind === 'mapped') effects.add('mapped to another name');
    else if (step.kind === 'filtered') effects.add('filtered by name');
    else if (step.kind === 'tags_removed' || step.kind === 'tag_values') {
      effects.add('loses tags');
      for (const tag of step.tags) removedKeys.add(keyOf(tag));
    } else if (step.kind === 'rule') effects.add(step.drop ? 'dropped by a rule' : 'changed by a rule');
    else if (step.kind === 'copied') effects.add('copied to a distribution');
    else if (step.kind === 'origin' && (step.tags?.length ?? 0) > 0) effects.add('gets tags of its workload');
  }
  for (const { kind } of notes) {
    if (kind === 'unknown_field') effects.add('has a field that is not known');
    else if (kind === 'disabled_field') effects.add('has a field that the configuration turns off');
  }
  const shared = {
    ...{ effects: [...effects], features: featuresOf(line), removedKeys },
    ...{ name: detachText(nameOf(line)), contextHead: '', rejection: undefined },
  };
  if (parsed.kind === 'error') return { ...shared, kind: 'rejected', rejection: describeRejection(parsed) };
  if (parsed.kind !== 'metric' || outcome?.kind !== 'metric') return { ...shared, kind: parsed.kind };
  const [context] = outcome.contexts;
  return {
    ...shared,
    kind: outcome.line === undefined ? 'filtered' : parsed.type,
    ...(context !== undefined && {
      name: context.name,
      contextHead: `${context.name}|${context.type}|${context.host}|${socket}|`,
    }),
  };
}

const FEATURES: readonly (readonly [RegExp, string])[] = [
  [/^[^|]*:[^|:]*:[^|]*\|(?:c|g|ms|h|d)(?:\||$)/, 'packed values (1.1)'],
  [/\|c:/, 'c: container (1.2)'],
  [/\|T\d/, 'T timestamp (1.3)'],
  [/\|e:/, 'e: external data (1.4)'],
  [/\|card:/, 'card: cardinality (1.5)'],
  [/\|@/, '@ sample rate'],
  [/\|#/, '# tags'],
];

function featuresOf(line: ByteString): readonly string[] {
  if (line.startsWith('_e{')) return ['event'];
  if (line.startsWith('_sc|')) return ['service check'];
  return FEATURES.filter(([pattern]) => pattern.test(line)).map(([, name]) => name);
}
