/** Writes the page as text 0.0.4 or OpenMetrics 1.0 (syntax.ts says how they differ). */
import type { PrometheusType } from './family.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { ClassicCounts, Observed, PageWriter } from './page-writer.ts';
import { metadata, sampleLine, sampleName } from './syntax.ts';

export class TextWriter implements PageWriter {
  private readonly format: ExpositionFormat;
  private text = '';
  private displayed = '';
  private name = '';

  constructor(format: ExpositionFormat) {
    this.format = format;
  }

  get size(): number {
    return this.text.length;
  }

  begin(displayed: string, type: PrometheusType, help: string): void {
    this.displayed = displayed;
    this.name = sampleName(this.format, type, displayed);
    this.text += metadata(this.format, type, displayed, help);
  }

  value(labels: string, value: number): void {
    this.text += sampleLine(this.name, labels, value);
  }

  summary(labels: string, quantiles: readonly (readonly [number, number])[], observed: Observed): void {
    const before = beside(labels);
    for (const [quantile, value] of quantiles)
      this.text += sampleLine(this.displayed, `${before}quantile="${quantile}"`, value);
    this.totals(labels, observed);
  }

  histogram(labels: string, observed: Observed, classic: ClassicCounts | undefined): void {
    const before = beside(labels);
    const name = `${this.displayed}_bucket`;
    classic?.bounds.forEach((bound, i) => {
      this.text += sampleLine(name, `${before}le="${this.le(bound)}"`, classic.counts[i] as number);
    });
    this.text += sampleLine(name, `${before}le="+Inf"`, observed.count);
    this.totals(labels, observed);
  }

  end(): void {}

  take(): string {
    const text = this.text;
    this.text = '';
    return text;
  }

  finish(): string {
    if (this.format === 'openmetrics') this.text += '# EOF\n';
    return this.take();
  }

  private totals(labels: string, { sum, count }: Observed): void {
    if (sum !== undefined) this.text += sampleLine(`${this.displayed}_sum`, labels, sum);
    this.text += sampleLine(`${this.displayed}_count`, labels, count);
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
