import { describe, expect, test } from 'vitest';
import { acceptsGzip } from '../../lib/http/weighted-header.ts';
import { type ExpositionFormat, negotiate } from './negotiate.ts';

describe('the Accept header', () => {
  const gives = (accept: string | undefined, want: ExpositionFormat) =>
    test(`${accept} gives ${want}`, () => expect(negotiate(accept)).toBe(want));
  gives(undefined, 'text');
  gives('', 'text');
  gives('*/*', 'text');
  gives('text/html, */*;q=0.1', 'text');
  gives('application/openmetrics-text', 'openmetrics');
  gives('Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics');
  gives('application/openmetrics-text; version=0.0.1', 'text');
  gives('application/openmetrics-text;q=0', 'text');
  gives('application/openmetrics-text;q=0.4, text/plain;version=0.0.4;q=0.5', 'text');
  gives('text/plain;version=0.0.4;q=0.4, application/openmetrics-text;q=0.5', 'openmetrics');
  gives('application/json', 'text');
  gives(';;;,,q=,=;q=x', 'text');
  // What Prometheus 3 sends.
  gives(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'openmetrics',
  );
});

describe('what is offered', () => {
  // What Prometheus sends once it scrapes native histograms.
  const accept =
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3';
  test.each([
    [{ openmetrics: true, protobuf: true }, 'protobuf'],
    [{ openmetrics: true, protobuf: false }, 'openmetrics'],
    [{ openmetrics: false, protobuf: false }, 'text'],
  ] as const)('%j decides', (offered, want) => {
    expect(negotiate(accept, offered)).toBe(want);
    expect(negotiate(accept.replace('encoding=delimited', 'encoding=text'), offered)).not.toBe('protobuf');
  });
});

describe('the Accept-Encoding header', () => {
  const takes = (header: string | undefined, want: boolean) =>
    test(`${header} ${want ? 'takes' : 'refuses'} gzip`, () => expect(acceptsGzip(header)).toBe(want));
  takes(undefined, false);
  takes('', false);
  takes('gzip', true);
  takes('br, GZIP;q=0.1', true);
  takes('*', true);
  takes('gzip;q=0, *', false);
  takes('gzip;q=nonsense', false);
  takes('identity', false);
});
