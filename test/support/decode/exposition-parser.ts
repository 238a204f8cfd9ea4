/**
 * A strict reader of Prometheus text 0.0.4 and OpenMetrics 1.0 (docs/outputs.md), for tests.
 *
 * It throws at the first violation, with the line. Stricter than the text format asks for: no blank lines, no
 * comments but HELP and TYPE, no timestamps, no empty label values, no names in `__`, because the server
 * writes none.
 */
export interface ParsedSample {
  name: string;
  labels: Map<string, string>;
  value: number;
}

export interface ParsedFamily {
  name: string;
  type: string;
  help: string | undefined;
  samples: ParsedSample[];
}

type Format = 'text' | 'openmetrics';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const VALUE = /^(NaN|[+-]Inf|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/;
const TYPES = ['counter', 'gauge', 'summary', 'histogram'];
const SUFFIXES: Record<Format, Record<string, string[]>> = {
  text: {
    ...{ counter: [''], gauge: [''], summary: ['', '_sum', '_count'] },
    histogram: ['_bucket', '_sum', '_count'],
  },
  openmetrics: {
    ...{ counter: ['_total'], gauge: [''], summary: ['', '_sum', '_count'] },
    histogram: ['_bucket', '_sum', '_count'],
  },
};
/** Names that a family keeps others from using, besides those of its samples. */
const RESERVED: Record<Format, Record<string, string[]>> = {
  text: { summary: ['_bucket'], histogram: [''] },
  openmetrics: {
    ...{ counter: ['', '_created'], summary: ['_bucket', '_created'] },
    histogram: ['', '_created'],
  },
};

export function parseExposition(page: string, format: Format): ParsedFamily[] {
  return new ExpositionParser(format).parse(page);
}

/** Finds one sample by name and labels; throws when there is none. */
export function sampleOf(
  families: ParsedFamily[],
  name: string,
  labels: Record<string, string> = {},
): number {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  for (const sample of families.flatMap((family) => family.samples)) {
    if (sample.name === name && JSON.stringify([...sample.labels].sort()) === wanted) return sample.value;
  }
  throw new Error(`no sample ${name} ${wanted}`);
}

class ExpositionParser {
  private readonly format: Format;
  private readonly families: ParsedFamily[] = [];
  private readonly taken = new Set<string>();
  private readonly seriesSeen = new Set<string>();
  private readonly groupsSeen = new Set<string>();
  private group = '';
  private lastQuantile = -1;
  private lastBound = Number.POSITIVE_INFINITY;
  private lastBucket = 0;
  private line = '';

  constructor(format: Format) {
    this.format = format;
  }

  parse(page: string): ParsedFamily[] {
    this.demand(!page.includes('\r'), 'a carriage return');
    this.demand(page.endsWith('\n'), 'no line feed at the end');
    const lines = page.slice(0, -1).split('\n');
    if (this.format === 'openmetrics') this.demand(lines.pop() === '# EOF', 'no # EOF at the end');
    for (const line of lines) {
      this.line = line;
      this.demand(line !== '', 'a blank line');
      if (line.startsWith('#')) this.readMetadata(line);
      else this.readSample(line);
    }
    for (const family of this.families) this.demand(family.type !== '', `no TYPE for ${family.name}`);
    return this.families;
  }

  private readMetadata(line: string): void {
    const match = /^# (HELP|TYPE) (\S+) (.*)$/u.exec(line);
    this.demand(match !== null, 'a comment that is neither HELP nor TYPE');
    const [, keyword, name = '', text = ''] = match as RegExpExecArray;
    this.demand(NAME.test(name), 'a bad family name');
    let family = this.families.at(-1);
    if (family?.name !== name) {
      family = { name, type: '', help: undefined, samples: [] };
      this.demand(!this.families.some((other) => other.name === name), 'a family that comes twice');
      this.families.push(family);
      this.group = '';
    }
    this.demand(family.samples.length === 0, 'metadata after samples');
    if (keyword === 'TYPE') {
      this.demand(family.type === '', 'a second TYPE');
      this.demand(TYPES.includes(text), 'an unknown type');
      family.type = text;
      for (const suffix of new Set(this.suffixes(family, true))) this.take(name + suffix);
    } else {
      this.demand(family.help === undefined, 'a second HELP');
      family.help = this.unescape(text, this.format === 'openmetrics' ? 'n\\"' : 'n\\');
      if (this.format === 'openmetrics')
        this.demand(!/^"|[^\\]"/.test(text.replace(/\\\\/g, '')), 'a bare quote');
    }
  }

  private readSample(line: string): void {
    const family = this.families.at(-1);
    if (family === undefined || family.type === '') throw new Error(`a sample before its TYPE: ${line}`);
    const name = /^[^{ ]*/.exec(line)?.[0] ?? '';
    this.demand(NAME.test(name), 'a bad sample name');
    this.demand(
      this.suffixes(family, false).some((suffix) => name === family.name + suffix),
      `a sample of another family than ${family.name}`,
    );
    let at = name.length;
    const labels = new Map<string, string>();
    if (line[at] === '{') at = this.readLabels(line, at + 1, labels);
    this.demand(line[at] === ' ', 'no space before the value');
    const text = line.slice(at + 1);
    this.demand(VALUE.test(text), 'a bad value');
    const value = Number(text.replace('Inf', 'Infinity'));
    const key = `${name} ${JSON.stringify([...labels].sort())}`;
    this.demand(!this.seriesSeen.has(key), 'a series that comes twice');
    this.seriesSeen.add(key);
    this.checkValue(family, name, labels, value);
    this.checkGroup(family, labels);
    family.samples.push({ name, labels, value });
  }

  /** Reads labels up to and including the closing brace; returns the offset after it. */
  private readLabels(line: string, start: number, labels: Map<string, string>): number {
    let at = start;
    for (;;) {
      const match = /^([^="{},]*)="((?:[^"\\]|\\.)*)"([,}])/su.exec(line.slice(at));
      this.demand(match !== null, 'bad labels');
      const [whole, name = '', raw = '', end] = match as RegExpExecArray;
      this.demand(LABEL_NAME.test(name), `a bad label name ${name}`);
      this.demand(!labels.has(name), `label ${name} twice`);
      const value = this.unescape(raw, 'n\\"');
      this.demand(value !== '', `label ${name} is empty`);
      labels.set(name, value);
      at += whole.length;
      if (end === '}') return at;
    }
  }

  private checkValue(family: ParsedFamily, name: string, labels: Map<string, string>, value: number): void {
    const suffix = name.slice(family.name.length);
    const isTotal = family.type === 'counter' || suffix === '_count';
    if (isTotal) this.demand(value >= 0, 'a counter that is negative or NaN');
    if (suffix === '_count') this.demand(Number.isInteger(value), 'a fractional count');
    const isBucket = family.type === 'histogram' && suffix === '_bucket';
    this.demand(labels.has('le') === isBucket, 'a label le out of place');
    if (isBucket) this.checkBucket(Number(labels.get('le')?.replace('Inf', 'Infinity')), value);
    if (family.type === 'histogram' && suffix === '_count')
      this.demand(
        value === this.lastBucket && this.lastBound === Number.POSITIVE_INFINITY,
        'a count that is not the last bucket',
      );
    const quantile = labels.get('quantile');
    const needsQuantile = family.type === 'summary' && suffix === '';
    this.demand((quantile !== undefined) === needsQuantile, 'a quantile label out of place');
    if (this.format !== 'openmetrics' || family.type !== 'summary') return;
    this.demand(!(value < 0), 'a negative quantile or sum');
    this.demand(suffix === '' || !Number.isNaN(value), 'a sum or count that is NaN');
  }

  private checkBucket(bound: number, value: number): void {
    const isFirst = this.lastBound === Number.POSITIVE_INFINITY;
    this.demand(!Number.isNaN(bound) && Number.isInteger(value) && value >= 0, 'a bad bucket');
    if (!isFirst) this.demand(bound > this.lastBound && value >= this.lastBucket, 'buckets that fall');
    this.lastBound = bound;
    this.lastBucket = value;
  }

  /** The lines of one metric stand together, its quantiles ascending. */
  private checkGroup(family: ParsedFamily, labels: Map<string, string>): void {
    const others = [...labels].filter(([name]) => name !== 'quantile' && name !== 'le').sort();
    const group = `${family.name} ${JSON.stringify(others)}`;
    if (group !== this.group) {
      this.demand(!this.groupsSeen.has(group), 'a metric whose lines are apart');
      this.groupsSeen.add(group);
      this.group = group;
      this.lastQuantile = -1;
    }
    if (!labels.has('quantile')) return;
    const quantile = Number(labels.get('quantile'));
    this.demand(quantile > this.lastQuantile && quantile <= 1, 'quantiles out of order');
    this.lastQuantile = quantile;
  }

  private suffixes(family: ParsedFamily, withReserved: boolean): string[] {
    const own = SUFFIXES[this.format][family.type] ?? [];
    return withReserved ? [...own, ...(RESERVED[this.format][family.type] ?? [])] : own;
  }

  private take(name: string): void {
    this.demand(!this.taken.has(name), `the name ${name} belongs to two families`);
    this.taken.add(name);
  }

  private unescape(text: string, allowed: string): string {
    return text.replace(/\\(.?)/gsu, (_, char: string) => {
      this.demand(char !== '' && allowed.includes(char), `an unknown escape \\${char}`);
      return char === 'n' ? '\n' : char;
    });
  }

  private demand(holds: boolean, problem: string): void {
    if (!holds) throw new Error(`exposition: ${problem}: ${JSON.stringify(this.line.slice(0, 200))}`);
  }
}
