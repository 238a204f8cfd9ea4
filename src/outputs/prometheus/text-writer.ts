/**
 * Writes the page as text 0.0.4 or OpenMetrics 1.0 (syntax.ts says how they differ).
 *
 *   requests_total{env="prod"} 12\n
 *   └──begin()───┘└─labels─┘└tail─┘   bytes, written one behind the other into one buffer
 *
 * Memory  one buffer of BUFFER_BYTES, larger when a line is; what is taken is a copy of what is in it.
 * Why     bytes and not one long string: V8 keeps what is added to a string as a tree of its parts, which garbage
 *         collections then copy again and again. Nearly half of the time of a page went there.
 */
import type { PrometheusType } from './family.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { ClassicCounts, Observed, PageWriter } from './page-writer.ts';
import { formatValue, metadata, sampleName } from './syntax.ts';

const BUFFER_BYTES = 64 * 1024;
/** A character of a string has no more in UTF-8. */
const CHAR_BYTES_MAX = 3;

/** What @types/node leaves out: write() without looking at its arguments, a third faster. */
interface Utf8Buffer extends Buffer {
  utf8Write(text: string, at: number): number;
}

export class TextWriter implements PageWriter {
  private readonly format: ExpositionFormat;
  private buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES) as Utf8Buffer;
  private length = 0;
  private displayed = '';
  private name = '';

  constructor(format: ExpositionFormat) {
    this.format = format;
  }

  get size(): number {
    return this.length;
  }

  begin(displayed: string, type: PrometheusType, help: string): void {
    this.displayed = displayed;
    this.name = sampleName(this.format, type, displayed);
    this.write(metadata(this.format, type, displayed, help));
  }

  value(labels: string, value: number): void {
    this.sample(this.name, labels, value);
  }

  summary(labels: string, quantiles: readonly (readonly [number, number])[], observed: Observed): void {
    const before = beside(labels);
    for (const [quantile, value] of quantiles)
      this.sample(this.displayed, before, value, `quantile="${quantile}"`);
    this.totals(labels, observed);
  }

  histogram(labels: string, observed: Observed, classic: ClassicCounts | undefined): void {
    const before = beside(labels);
    const name = `${this.displayed}_bucket`;
    classic?.bounds.forEach((bound, i) => {
      this.sample(name, before, classic.counts[i] as number, `le="${this.le(bound)}"`);
    });
    this.sample(name, before, observed.count, 'le="+Inf"');
    this.totals(labels, observed);
  }

  end(): void {}

  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.length));
    this.length = 0;
    return taken;
  }

  finish(): Buffer {
    if (this.format === 'openmetrics') this.write('# EOF\n');
    return this.take();
  }

  private totals(labels: string, { sum, count }: Observed): void {
    if (sum !== undefined) this.sample(`${this.displayed}_sum`, labels, sum);
    this.sample(`${this.displayed}_count`, labels, count);
  }

  /** One line. `labels` is the text between the braces, up to the last label when that is given apart. */
  private sample(name: string, labels: string, value: number, last = ''): void {
    const hasLabels = labels !== '' || last !== '';
    this.write(hasLabels ? `${name}{` : name);
    if (labels !== '') this.write(labels);
    this.write(hasLabels ? `${last}} ${formatValue(value)}\n` : ` ${formatValue(value)}\n`);
  }

  private write(text: string): void {
    const end = this.length + text.length * CHAR_BYTES_MAX;
    if (end > this.buffer.length) this.grow(end);
    this.length += this.buffer.utf8Write(text, this.length);
  }

  private grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.buffer.length)) as Utf8Buffer;
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** OpenMetrics writes whole bounds with a fraction, so that a bound has one form. */
  private le(bound: number): string {
    const text = String(bound);
    return this.format === 'openmetrics' && /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
}

function beside(labels: string): string {
  return labels === '' ? '' : `${labels},`;
}
