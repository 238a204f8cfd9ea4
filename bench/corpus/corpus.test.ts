import { describe, expect, it } from 'vitest';
import { addTotals, byType, noTotals, type Totals, type WireType } from '../totals.ts';
import { buildCorpus, CHUNK_PACKETS, type Corpus } from './corpus.ts';
import { RATES, SHAPES, type Shape, type ShapeName } from './shapes.ts';

/** Adds up the packets by splitting text, knowing nothing of how they were made. */
function addUp(
  corpus: Corpus,
  packetCount = corpus.packetCount,
): Totals & { texts: string[]; names: Set<string> } {
  const totals = noTotals();
  const contexts = new Set<string>();
  const fresh = new Set<string>();
  const texts: string[] = [];
  const names = new Set<string>();
  for (let i = 0; i < packetCount; i++) {
    const offset = corpus.packets.offsets[i] as number;
    const length = corpus.packets.lengths[i] as number;
    const text = Buffer.from(corpus.packets.bytes.subarray(offset, offset + length)).toString('latin1');
    totals.packets++;
    totals.bytes += text.length;
    for (const line of text.split('\n')) {
      texts.push(line);
      const fields = line.split('|');
      const [name = '', ...values] = (fields[0] as string).split(':');
      const type = fields[1] as WireType;
      const tags = (fields.find((field) => field.startsWith('#')) ?? '#').slice(1).split(',');
      const weight = Math.trunc(1 / Number(fields.find((field) => field.startsWith('@'))?.slice(1) ?? 1));
      totals.lines++;
      totals.samples += values.length;
      if (type === 'c') totals.counterSum += values.reduce((sum, value) => sum + Number(value) * weight, 0);
      if (type === 'h') totals.histogramWeight += values.length * weight;
      if (type === 'd') totals.distributionWeight += values.length * weight;
      const isFresh = tags.some((tag) => tag.startsWith('churn:'));
      const context = [name, type, ...new Set(tags.sort())].join('|');
      names.add(name);
      (isFresh ? fresh : contexts).add(context);
    }
  }
  const countByType = (set: Set<string>) =>
    byType((type) => [...set].filter((context) => context.split('|')[1] === type).length);
  return { ...totals, contexts: countByType(contexts), fresh: countByType(fresh), texts, names };
}

/** The shape with at most 2,000 contexts: more take long to add up and show nothing new. */
function build(name: ShapeName, bytes = 1 << 18, packetBytesMax = 8192): Corpus {
  const shape = { ...SHAPES[name], contexts: Math.min(SHAPES[name].contexts, 2_000) };
  return buildCorpus(shape, { seed: 7, bytes, packetBytesMax });
}

describe('corpus', () => {
  for (const name of Object.keys(SHAPES) as ShapeName[]) {
    it(`${name} adds up to the totals it announces, whole and in part`, () => {
      const corpus = build(name);
      const { texts: _, names: __, ...whole } = addUp(corpus);
      expect(whole).toEqual(corpus.totals);
      const { texts: ___, names: ____, ...part } = addUp(corpus, Math.min(CHUNK_PACKETS, corpus.packetCount));
      if (corpus.packetCount >= CHUNK_PACKETS) expect(part).toEqual(corpus.totalsAfter(0, CHUNK_PACKETS));
      expect(corpus.totalsAfter(3, 0).counterSum).toBe(3 * whole.counterSum);
      expect(corpus.totalsAfter(1, 0).contexts).toEqual(whole.contexts);
    });

    it(`${name} writes lines a server accepts, in datagrams that fit`, () => {
      const shape: Shape = SHAPES[name];
      const corpus = build(name, 1 << 18, shape.filling === 'random' ? 8192 : 8000);
      expect(Math.max(...corpus.packets.lengths)).toBeLessThanOrEqual(8192);
      for (const line of addUp(corpus).texts) {
        expect(line).toMatch(
          /^[cghds][a-z_.0-9]*(:\d{3}(\.\d\d|-user)?)+\|[cghds](\|@0\.\d+)?(\|#x[^|]*)?(\|c:[0-9a-f]{64})?$/,
        );
        expect(line[0]).toBe(line.split('|')[1]);
      }
    });
  }

  it('is the same for the same seed and another for another', () => {
    const one = addUp(build('smp')).texts;
    expect(addUp(build('smp')).texts).toEqual(one);
    const other = buildCorpus(SHAPES.smp, { seed: 8, bytes: 1 << 18, packetBytesMax: 8192 });
    expect(addUp(other).texts).not.toEqual(one);
  });

  it('has rates whose reciprocals are whole', () => {
    expect(RATES.map((rate) => 1 / rate)).toEqual([2, 4, 5, 8, 10, 16, 20, 25, 50, 100]);
  });

  it('smp has the mix Datadog tests with', () => {
    const { texts } = addUp(build('smp', 8 << 20));
    const share = (pattern: RegExp): number =>
      texts.filter((line) => pattern.test(line)).length / texts.length;
    expect(share(/\|c[|]|\|c$/)).toBeCloseTo(0.58, 1);
    expect(share(/^[^:|]+:[^|:]+:/)).toBeCloseTo(0.08, 1);
    expect(share(/\|c:/)).toBeCloseTo(0.5, 1);
    expect(share(/\|@/)).toBeCloseTo(0.5 * 0.785, 1);
    const tagCounts = texts.map((line) => (/#([^|]*)/.exec(line)?.[1] ?? '').split(',').length);
    expect(Math.min(...tagCounts)).toBe(2);
    expect(Math.max(...tagCounts)).toBe(50);
  });

  it('prod lines are about 140 bytes and tiny lines 28', () => {
    const prod = addUp(build('prod')).texts;
    expect(prod.reduce((sum, line) => sum + line.length, 0) / prod.length).toBeCloseTo(140, -1);
    expect(new Set(addUp(build('tiny')).texts.map((line) => line.length))).toEqual(new Set([28]));
  });

  it('churn carries new tag values in every pass, and adds up to the same', () => {
    const corpus = build('churn', 1 << 20);
    const first = addUp(corpus);
    corpus.turnPage(1);
    const second = addUp(corpus);
    const fresh = (texts: string[]) => texts.filter((line) => line.includes('churn:'));
    expect(fresh(first.texts).length / first.texts.length).toBeCloseTo(0.05, 1);
    expect(fresh(first.texts).filter((line) => second.texts.includes(line))).toEqual([]);
    expect({ ...second, texts: [] }).toEqual({ ...first, texts: [] });
  });

  it('shuf says the same in another order in every pass, and repeats tags', () => {
    const corpus = build('shuf');
    const first = addUp(corpus);
    const texts = new Set<string>();
    for (let pass = 1; pass <= 16; pass++) {
      const { texts: lines, ...totals } = addUp(corpus);
      // Two tags of one pair may be the same text; then a line repeats.
      const line = lines.find((each) => each.split(',').length > 20) as string;
      texts.add(line);
      expect({ ...totals, texts: [] }).toEqual({ ...first, texts: [] });
      corpus.turnPage(pass);
    }
    expect(texts.size).toBe(16);
    const repeats = first.texts.filter((line) => {
      const tags = (/#([^|]*)/.exec(line)?.[1] ?? '').split(',');
      return new Set(tags).size < tags.length;
    });
    expect(repeats.length / first.texts.length).toBeGreaterThan(0.3);
  });

  it('adds up two orders, whose contexts overlap', () => {
    const { totals } = build('churn');
    const both = addTotals(totals, totals);
    expect(both).toMatchObject({ lines: 2 * totals.lines, counterSum: 2 * totals.counterSum });
    expect(both.contexts).toEqual(totals.contexts);
    expect(both.fresh.c).toBe(2 * totals.fresh.c);
  });

  it('burst sends each context once', () => {
    const { names, lines } = addUp(build('burst', 4 << 20, 1432));
    expect(lines).toBe(2_000);
    expect(names.size).toBe(2_000);
  });
});
