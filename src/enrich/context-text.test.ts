/** The text of a context as it is written for the core, against what its list of tags says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness, settingsOf } from '../../test/support/core-harness.ts';
import { CONTEXT_TYPES } from '../model/context.ts';
import { HASHED_TAGS_MAX } from '../model/core-border.ts';
import { Tags } from '../model/tags.ts';
import { type ByteString, textAt } from '../model/text.ts';
import { CONTEXTS_HARD_MAX, OVER } from '../model/views/cardinality.ts';
import { parseMetric } from '../protocol/metric.ts';
import { ContextSlots, RESOLVER_SCRATCH_BYTES } from './context-slots.ts';
import { CONTEXT_TEXT_BYTES_MAX, ContextText } from './context-text.ts';
import { decideMetric } from './decide.ts';
import { UNKNOWN_SENDER } from './enrich.ts';
import { StaticTagger } from './tags/static-tagger.ts';

const LIMITS = {
  ...{ contexts: CONTEXTS_HARD_MAX, contextsPerMetric: 0, contextsPerOrigin: 0 },
  ...{ tags: 0, tagValueBytes: 0, dryRun: false },
};

class Told {
  readonly core = new CoreHarness().core;
  readonly slots: ContextSlots;
  /** By slot. */
  readonly texts = new Map<number, ByteString>();

  constructor() {
    const scratchPtr = this.core.takeRegion(RESOLVER_SCRATCH_BYTES);
    const sink = {
      newContext: (slot: number, _: number, text: Parameters<typeof textAt>[0]) =>
        void this.texts.set(slot, textAt(text)),
      overLimit: () => undefined,
    };
    this.slots = new ContextSlots(
      { core: this.core, scratchPtr, limits: LIMITS, sink, onNew: () => undefined },
      'h',
    );
  }

  /** The slot of a counter. */
  slotOf(name: ByteString, host: ByteString, tags: Tags, mark = ''): number {
    const timestamped = !tags.isDistinct;
    const context = { name, type: 'counter', host, tags, timestamped } as const;
    const decided = { context, text: new ContextText(name, host, tags, mark), limit: OVER.none };
    return this.slots.slotOf(decided, '').slot;
  }
}

/** What the text is by the list of tags. */
function textOf(
  name: ByteString,
  host: ByteString,
  tags: readonly ByteString[],
  isSet: boolean,
  mark = '',
): ByteString {
  const once = isSet ? [...new Set(tags)] : [...tags];
  if (isSet && once.length + (mark === '' ? 0 : 1) > HASHED_TAGS_MAX) once.sort();
  return [name, host, ...once, ...(mark === '' ? [] : [mark])].join('\n');
}

/** Any bytes that a tag on the wire may hold. */
const byteText = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('latin1').replaceAll(/[,\n]/g, '_');
const item = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'env:prod', 'é', '\x80\xff', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(33)),
  fc.uint8Array({ maxLength: 40 }).map(byteText),
  fc.nat(400).map((n) => `id:${n}`),
);
const many = fc
  .integer({ min: HASHED_TAGS_MAX - 2, max: HASHED_TAGS_MAX + 2 })
  .map((count) => Array.from({ length: count }, (_, i) => `n:${i}`));
const items = fc.oneof(
  fc.array(item, { maxLength: 12 }),
  fc.tuple(many, fc.array(item, { maxLength: 3 })).map((two) => two.flat()),
);

describe('the text of a context', () => {
  it('is told as its list of tags has it, and its slot is that of the set', () => {
    const told = new Told();
    const known = new Map<string, number>();
    const name = fc.constantFrom('m', 'page.views', '\xff');
    const host = fc.constantFrom('', 'web-1');
    const added = fc.array(fc.oneof(item, fc.constant('a,b')), { maxLength: 3 });
    fc.assert(
      fc.property(
        name,
        host,
        items,
        added,
        fc.constantFrom('', ',global'),
        fc.record({ isSet: fc.boolean(), looks: fc.boolean() }),
        (name, host, written, added, mark, { isSet, looks }) => {
          const field = written.join(',');
          const list = [...(field === '' ? [] : written), ...added];
          const make = (tags: Tags): Tags => (isSet ? tags.distinct() : tags);
          const tags = make(Tags.ofField(field).with(added));
          if (looks) tags.list;
          const slot = told.slotOf(name, host, tags, mark);
          const text = textOf(name, host, list, isSet, mark);
          const key = isSet ? textOf(name, host, [...new Set(list)].sort(), true, mark) : `ordered ${text}`;
          const before = known.get(key);
          if (before === undefined) {
            expect([...known.values()]).not.toContain(slot);
            known.set(key, slot);
            expect(told.texts.get(slot)).toBe(text);
          } else expect(slot).toBe(before);
          // Made of something else, it is the same.
          expect(told.slotOf(name, host, make(Tags.of(list)), mark)).toBe(slot);
          if (isSet) {
            const turned = [...list, ...list].reverse();
            expect(told.slotOf(name, host, Tags.of(turned).distinct(), mark)).toBe(slot);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('keeps the mark of its scope last, also when a tag looks like it', () => {
    const told = new Told();
    const slot = told.slotOf('m', '', Tags.ofField('b,a,b').with([',global']).distinct(), ',global');
    expect(told.texts.get(slot)).toBe('m\n\nb\na\n,global\n,global');
    const plain = told.slotOf('n', '', Tags.ofField('b,a,b').distinct(), ',global');
    expect(told.texts.get(plain)).toBe('n\n\nb\na\n,global');
  });

  it('is too long by what is left of it when each tag is there once', () => {
    const told = new Told();
    const tag = 'x'.repeat(CONTEXT_TEXT_BYTES_MAX - 'm\nh\n'.length);
    const fits = new ContextText('m', 'h', Tags.ofField(`${tag},${tag}`).distinct());
    expect(fits.isTooLong).toBe(false);
    const slot = told.slotOf('m', 'h', Tags.ofField(`${tag},${tag}`).distinct());
    expect(told.texts.get(slot)).toBe(`m\nh\n${tag}`);
    expect(new ContextText('m', 'h', Tags.ofField(`${tag},`).distinct()).isTooLong).toBe(true);
    expect(new ContextText('m', 'h', Tags.ofField(`${tag}x`)).isTooLong).toBe(true);
    expect(new ContextText('m', 'h', Tags.ofField(`${tag},${tag}`)).isTooLong).toBe(true);
  });

  it.each([
    '',
    ',global',
    ',both',
  ])('is never longer than the longest that is told, with the mark "%s"', (mark) => {
    for (let less = 0; less < 12; less++) {
      const tags = Tags.of([
        'a'.repeat(60_000),
        'b'.repeat(CONTEXT_TEXT_BYTES_MAX - 60_000 - less),
      ]).distinct();
      const text = new ContextText('m', '', tags, mark);
      expect(text.isTooLong).toBe(text.whole.length > CONTEXT_TEXT_BYTES_MAX);
    }
  });
});

it('a line means what it means with its tags one by one', () => {
  const told = new Told();
  const special = fc.constantFrom(
    ...['host:web-2', 'host:', 'dd.internal.card:low', 'dd.internal.card:none', 'dd.internal.entity_id:p'],
    ...[
      'dd.internal.jmx_check_name:kafka',
      'hostname:x',
      'xhost:y',
      'dd.internal.',
      'whippet.global',
      'user:1',
      'env:a',
    ],
  );
  const options = fc.constantFrom(
    {},
    { dogstatsd_tags: ['z', 'a', 'a,b'], tags: ['team:x', 'a'] },
    { metric_tag_filterlist: [{ metric_name: 'm', tags: ['user'] }] },
    { metric_tag_value_allowlist: [{ metric_prefix: 'm', tag_name: 'env', values: ['b'] }] },
    { rules: [{ match: 'm', keep_tags: ['user', 'a'] }] },
    { global: { role: 'edge' as const }, rules: [{ match: 'm', global: true }], tags: ['a'] },
    {
      dogstatsd_mapper_profiles: [
        { name: 'p', prefix: '*', mappings: [{ match: 'm', name: 'n', tags: { host: 'q' } }] },
      ],
    },
  );
  const line = fc.tuple(
    fc.array(fc.oneof(item, special), { maxLength: 10 }),
    fc.constantFrom('', '|T1656581400'),
  );
  const parse = { noAggregationPipeline: true, originDetectionClient: true };
  fc.assert(
    fc.property(line, options, ([tags, time], changed) => {
      const message = parseMetric(`m:1|c|#${tags.join(',')}${time}`, parse);
      // A generated tag may hold a bar.
      if (message.kind === 'error') return;
      const settings = {
        enrich: settingsOf(changed),
        tagger: new StaticTagger({ global: { low: ['g', 'a'] } }),
        limits: LIMITS,
      };
      const written = decideMetric(message, UNKNOWN_SENDER, settings);
      const oneByOne = decideMetric(
        { ...message, tags: Tags.of(message.tags.list) },
        UNKNOWN_SENDER,
        settings,
      );
      const plainOf = ({ orderFree, outcome, line, context }: typeof written) => ({
        ...{ orderFree, outcome, limit: context?.limit, text: context?.text.whole },
        line: line && { ...line, tags: line.tags.list },
        context: context && { ...context.context, tags: context.context.tags.list },
      });
      const slots = [written, oneByOne].map(({ context }) => context && told.slots.slotOf(context, '').slot);
      expect(slots[0]).toBe(slots[1]);
      expect(plainOf(written)).toEqual(plainOf(oneByOne));
      const own = written.context?.context;
      if (own !== undefined) expect(CONTEXT_TYPES).toContain(own.type);
    }),
    { numRuns: 500 },
  );
});
