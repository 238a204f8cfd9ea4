/**
 * Random lines for property tests: often known, often alike and often broken.
 */
import fc from 'fast-check';

/** Names that the mappers, filters and namespaces of random-enrichment.ts have an opinion about. */
const ENRICHED_NAMES = [
  'jobs.etl.load.time',
  'jobs.etl.store.time',
  'jobs.etl..time',
  'jobs.etl.load',
  'pool.db-1.size',
  'pool.db-2.size',
  'web.h1.hits',
  'web.h2.hits',
  'kafka.lag',
  'debug.cache',
];

/** Pieces that make lines which are often known, often alike and often broken. */
const name = fc.oneof(
  fc.constantFrom('a', 'a.b', 'page.views', 'n'.repeat(40), 'é', '_e{', '_sc', ''),
  fc.constantFrom(...ENRICHED_NAMES),
);
const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.double({ noNaN: true, min: -1e12, max: 1e12 }).map(String),
  fc.double().map(String),
  fc.constantFrom(
    '1',
    '0',
    '-0',
    '1e3',
    '.5',
    '5.',
    '1_0',
    '0x1p4',
    'inf',
    'nan',
    '',
    'x',
    '1e400',
    '1234567890123456789012',
  ),
);
const values = fc.array(value, { minLength: 1, maxLength: 4 }).map((list) => list.join(':'));
const type = fc.constantFrom('c', 'g', 'h', 'ms', 'd', 's', 'c', 'g', 'd', 'x', '', 'cc');
const tag = fc.constantFrom(
  'env:prod',
  'env:dev',
  'az:1',
  'a',
  '',
  't'.repeat(70),
  'host:web',
  'host:',
  'dd.internal.card:low',
  'dd.internal.card:high',
  'dd.internal.card:none',
  'dd.internal.card:nonsense',
  'dd.internal.entity_id:pod-1',
  'dd.internal.entity_id:none',
  'dd.internal.jmx_check_name:kafka',
  'user:17',
  '#x',
);
const tags = fc.array(tag, { maxLength: 6 }).map((list) => `#${list.join(',')}`);
const field = fc.oneof(
  tags,
  tags,
  fc.constantFrom('@0.5', '@0.25', '@0.1', '@1', '@0', '@2', '@-1', '@x', '@', '@nan'),
  fc.constantFrom('T1656581400', 'T1', 'T0', 'Tx', 'T'),
  fc.constantFrom(
    'c:ci-abc',
    'c:ci-box-1',
    'c:in-5',
    'c:in-77',
    'c:',
    'e:it-true,cn-a,pu-b',
    'e:cn-web,pu-pod-1',
    'card:low',
    'card:high',
    'card:none',
    'card:',
    'x',
    'x:y',
    '',
    'c',
    'ca',
    'e',
  ),
);
const fields = fc.array(field, { maxLength: 4 }).map((list) => list.map((text) => `|${text}`).join(''));
const metric = fc.tuple(name, values, type, fields).map(([n, v, t, f]) => `${n}:${v}|${t}${f}`);
const bytes = fc
  .array(fc.constantFrom(':', '|', '#', ',', '@', 'T', '\r', '\0', 'ÿ', 'a', '1', '.', 'c', 'g', 's', '_'), {
    maxLength: 30,
  })
  .map((list) => list.join(''));
const other = fc.constantFrom(
  '_e{5,4}:title|text',
  '_e{5,4}:title',
  '_sc|db.up|0|#a',
  '_e{5,4}:title|text|#host:web,dd.internal.entity_id:pod-1|c:ci-box-1',
  '_sc|db.up|1|h:db-1|#dd.internal.card:high|c:ci-box-1',
  '_sc|x',
  '',
  '\r',
  'junk',
  '_schema:1|c',
);
const line = fc.oneof(
  { weight: 8, arbitrary: metric },
  { weight: 1, arbitrary: bytes },
  { weight: 1, arbitrary: other },
);
/**
 * What real clients send: a few metrics, each with its tags, over and over with new values, rates, order and
 * repetition of tags. Between them any of the lines above.
 */
const goodTag = fc.constantFrom(
  'env:prod',
  'env:dev',
  'az:1',
  'a',
  't'.repeat(70),
  'version:1.2.3',
  'user:17',
  'host:web',
  'dd.internal.entity_id:pod-1',
  'u:é',
);
const template = fc.record({
  name: fc.oneof(
    fc.constantFrom('a', 'a.b', 'page.views', 'n'.repeat(40)),
    fc.constantFrom(...ENRICHED_NAMES),
  ),
  type: fc.constantFrom('c', 'g', 'h', 'ms', 'd', 's'),
  tags: fc.uniqueArray(goodTag, { maxLength: 5 }),
  client: fc.constantFrom('', '', '|c:ci-abc', '|e:cn-a', '|c:ci-box-1', '|e:cn-web,pu-pod-1', '|card:high'),
});
const reading = fc.record({
  pick: fc.nat(),
  value: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -9, max: 99 }).map(String) },
    { weight: 1, arbitrary: values },
  ),
  rate: fc.constantFrom('', '', '|@0.5', '|@0.1', '|@0.3'),
  stamp: fc.constantFrom('', '', '', '', '|T1656581400'),
  shuffle: fc.infiniteStream(fc.nat(3)),
  repeat: fc.boolean(),
  other: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: line }),
  end: fc.constantFrom('\n', '\n', '\n', '\r\n'),
});
export const stream = fc
  .tuple(
    fc.array(template, { minLength: 1, maxLength: 5 }),
    fc.array(reading, { maxLength: 60, size: 'max' }),
  )
  .map(([templates, readings]) =>
    readings.map((one) => {
      if (one.other !== null) return one.other + one.end;
      const { name, type, tags, client } = templates[
        one.pick % templates.length
      ] as (typeof templates)[number];
      const order = tags.map((text) => ({ text, at: one.shuffle.next().value as number }));
      const list = order.sort((a, b) => a.at - b.at).map(({ text }) => text);
      if (one.repeat && list.length > 0) list.push(list[0] as string);
      const tagField = list.length === 0 ? '' : `|#${list.join(',')}`;
      return `${name}:${one.value}|${type}${one.rate}${tagField}${one.stamp}${client}${one.end}`;
    }),
  );
/**
 * The stream without values of 1e21 and more, for comparisons that group values differently: over shards or phases a
 * sum leaves a double's range in one grouping and not in another, and loses other digits.
 */
export const addableStream = stream.map((lines) =>
  lines.map((text) => text.replace(/e\+\d+/g, 'e+9').replaceAll('1234567890123456789012', '12345')),
);
export const packetSizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 });
/** Options of the core that change what a line is. */
export const coreOptions = fc.record({ clientFields: fc.boolean(), timestamps: fc.boolean() });

/** The lines as packets of the given numbers of lines, over and over. */
export function packetsOf(lines: string[], sizes: number[]): string[] {
  const packets: string[] = [];
  for (let at = 0, i = 0; at < lines.length; i++) {
    const size = sizes[i % sizes.length] as number;
    packets.push(lines.slice(at, at + size).join(''));
    at += size;
  }
  return packets;
}
