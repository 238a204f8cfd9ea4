import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CORE, TEST_KEY } from '../../test/support/core-harness.ts';
import { plain } from '../../test/support/parsed.ts';
import { Core, makeShardMemory, type Resolve } from '../core/core.ts';
import { loadCoreModule } from '../core/core-module.ts';
import { NO_SLOT, OP_DROP, PACKET_PADDING_BYTES } from '../model/core-border.ts';
import type { ParseResult } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { parseMessage } from '../protocol/message.ts';
import { parseInMemory } from './line-in-memory.ts';

const PACKET_BYTES = 65_536;
const BEGINNINGS = ['host:', 'dd.internal.'];
/** Cached lines from which on the core reads ahead (READ_AHEAD_LINES in core/assembly/ingest.ts). */
const READ_AHEAD_LINES = 6144;
const OPTIONS = {
  noAggregationPipeline: true,
  originDetectionClient: true,
  dialects: { tags: ['influx' as const], relativeGauges: false },
};
const parse = (line: ByteString, rest?: ByteString): ParseResult => parseMessage(line, OPTIONS, rest);

/** A core that hands its uncached lines to `seen`, and caches none of them but those of fill(). */
class Lines {
  readonly core: Core;
  seen: Resolve = () => 0;
  private readonly ptr: number;

  constructor(clientFields: boolean) {
    const resolve: Resolve = (...line) => this.seen(...line);
    const settings = { ...DEFAULT_CORE, clientFields };
    this.core = new Core(loadCoreModule(), makeShardMemory(), settings, TEST_KEY, 0, resolve);
    this.ptr = this.core.takeRegion(PACKET_BYTES + PACKET_PADDING_BYTES);
  }

  ingest(packet: ByteString): void {
    this.core.bytes.write(packet, this.ptr, 'latin1');
    this.core.ingest(this.ptr, packet.length, 0, false, false);
  }

  fill(): this {
    this.seen = () => {
      this.core.install(NO_SLOT, OP_DROP, -1, false, false);
      return 0;
    };
    for (let i = 0; i <= READ_AHEAD_LINES; i++) this.ingest(`filling.${i}:1|c`);
    return this;
  }
}

const tag = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'host:x',
    'xhost:y',
    'dd.internal.card:low',
    'dd.interna',
    'host',
    'é\xff',
    'x\r',
    '#',
  ),
  fc.uint8Array({ maxLength: 40 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[,\n|]/g, '_'),
  ),
);
const field = fc.oneof(
  fc.array(tag, { maxLength: 6 }).map((tags) => `#${tags.join(',')}`),
  fc.constantFrom('@0.5', '@x', 'T5', 'T', 'c:ci-a', 'e:cn-b', 'card:low', 'zz', '', '#'),
);
const line = fc
  .tuple(
    fc.constantFrom('m', 'page.views', 'hits,env=prod', '_sc', 'é'),
    fc.constantFrom('1', '1:2', 'x', '', '1e400', '1:x', 'nan', '1_0'),
    fc.constantFrom('c', 'g', 's', 'ms', 'x'),
    fc.array(field, { maxLength: 4 }),
    fc.constantFrom('', '', '\r', '\r\r'),
  )
  .map(([name, values, type, fields, end]) => [`${name}:${values}`, type, ...fields].join('|') + end);

describe('a line in memory', () => {
  for (const [what, lines] of [
    ['with client fields', new Lines(true)],
    ['without', new Lines(false)],
    ['that is read ahead', new Lines(false).fill()],
  ] as const)
    it(`${what} is parsed as its text is`, () => {
      fc.assert(
        fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (packet) => {
          const { core } = lines;
          let found = 0;
          lines.seen = (ptr, length, _, tags, tagsBytes) => {
            const text = core.bytes.toString('latin1', ptr, ptr + length);
            const whole = parse(text);
            const message = parseInMemory(core, ptr, length, tags, tagsBytes, parse);
            expect(plain(message)).toEqual(plain(whole));
            found++;
            if (message.kind !== 'metric' || whole.kind !== 'metric') return 0;
            expect(message.tags.anyBeginsWith(BEGINNINGS)).toBe(whole.tags.anyBeginsWith(BEGINNINGS));
            expect(message.tags.isEmpty).toBe(whole.tags.isEmpty);
            return 0;
          };
          lines.ingest(packet.join('\n'));
          expect(found).toBe(packet.filter((one) => one !== '' && one !== '\r').length);
        }),
        { numRuns: 400 },
      );
    });

  it('leaves a tag field where it is, and copies it', () => {
    const lines = new Lines(false);
    const { core } = lines;
    const into = core.takeRegion(64);
    const seen: unknown[] = [];
    lines.seen = (ptr, length, _, tags, tagsBytes) => {
      const parsed: ByteString[] = [];
      const message = parseInMemory(core, ptr, length, tags, tagsBytes, (text, rest) => {
        parsed.push(`${text} ${rest}`);
        return parse(text, rest);
      });
      if (message.kind !== 'metric') return 0;
      const bytes = message.tags.written.copyTo(core.bytes, into);
      seen.push(parsed, core.bytes.toString('latin1', into, into + bytes));
      return 0;
    };
    lines.ingest('m:1|c|#env:prod,\xff,env:prod|@0.5\r\nm:2|c|#a');
    expect(seen).toEqual([['m:1|c|# |@0.5'], 'env:prod,\xff,env:prod', ['m:2|c|# '], 'a']);
  });
});
