/**
 * Which exposition format a scrape gets: OpenMetrics 1.0 or protobuf when its `Accept` header prefers it and it is offered,
 * text 0.0.4 for everyone else, also for clients that ask for nothing we have (docs/outputs.md).
 */
import { parseWeighted, type WeightedItem } from '../../lib/http/weighted-header.ts';

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
};

/** Formats that a client may have, besides text. */
export interface Offered {
  readonly openmetrics: boolean;
  readonly protobuf: boolean;
}

/** Chooses the format for an `Accept` header. Between equal weights the one named first wins. */
export function negotiate(
  accept: string | undefined,
  offered: Offered = { openmetrics: true, protobuf: false },
): ExpositionFormat {
  let best: ExpositionFormat = 'text';
  let bestWeight = 0;
  for (const item of parseWeighted(accept ?? '')) {
    const format = formatOf(item);
    if (format === undefined || item.weight <= bestWeight) continue;
    if (format !== 'text' && !offered[format]) continue;
    best = format;
    bestWeight = item.weight;
  }
  return best;
}

function formatOf(item: WeightedItem): ExpositionFormat | undefined {
  const version = item.parameters.get('version');
  switch (item.value) {
    case 'application/openmetrics-text':
      return version === undefined || version === '1.0.0' ? 'openmetrics' : undefined;
    case 'application/vnd.google.protobuf':
      return isDelimitedFamilies(item) ? 'protobuf' : undefined;
    case 'text/plain':
      return version === undefined || version === '0.0.4' ? 'text' : undefined;
    case 'text/*':
    case '*/*':
      return 'text';
    default:
      return undefined;
  }
}

function isDelimitedFamilies({ parameters }: WeightedItem): boolean {
  return (
    parameters.get('proto')?.toLowerCase() === 'io.prometheus.client.metricfamily' &&
    parameters.get('encoding') === 'delimited'
  );
}
