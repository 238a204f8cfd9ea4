/** Keys of the page for Prometheus: `outputs.prometheus`. */
import { z } from 'zod';
import { choice, list, seconds, section, yesOrNo } from '../key-types.ts';
import { filterKeys } from './receiver-keys.ts';

/** Those of statsd_exporter and most client libraries, in seconds. */
const BUCKETS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export const prometheusKeys = {
  prometheus: section({
    enabled: yesOrNo(
      { default: true },
      {
        what: 'Serves the metrics for Prometheus at `/metrics` on the HTTP port. `outputs.prometheus: false` is short for it.',
        trade: 'It keeps one running total per context in memory.',
        when: 'you have millions of contexts and do not scrape (`false`).',
      },
    ),
    expiry_seconds: seconds(
      { default: 300, min: 1, max: 604800 },
      {
        what: 'How long `/metrics` shows a context after its last sample.',
        trade:
          'A longer time keeps totals of rare counters from restarting at 0; a shorter time frees memory and keeps scrapes small.',
        when: 'you have counters that are incremented less often than this, or many short-lived contexts.',
      },
    ),
    open_bucket: yesOrNo(
      { default: true },
      {
        what: 'Whether a scrape sees what came since the last bucket closed: counters, gauges, sums and counts then move with every scrape.',
        trade:
          'Each scrape has the contexts with new data merged, which costs the control thread about 2 ms for 1,000 of them. Without it, values move once a bucket, and rates over short ranges are off by up to a bucket.',
        when: 'you scrape often, have very many contexts and look at long ranges only (`false`).',
      },
    ),
    distributions: choice(
      { default: 'summary', words: ['summary', 'classic', 'native'] },
      {
        what: 'What histograms, timings and distributions are on `/metrics`: `summary` has quantiles of the last minutes; `classic` is a histogram with `buckets`; `native` is a native histogram for a Prometheus that scrapes them, and a summary for everyone else.',
        trade:
          'Only histograms can be added up over servers and queried for any quantile and range. A native one is as exact as the sketch; a classic one is as exact as its buckets and is one series for each of them.',
        when: 'you use `histogram_quantile`, or more than one server.',
      },
    ),
    buckets: list(
      {
        default: BUCKETS,
        item: z.string().regex(NUMBER),
        itemText: 'upper bounds, numbers in the unit that is shown',
      },
      {
        what: 'Upper bounds of classic histograms, where no rule names others (`buckets`, docs/rules.md).',
        trade: 'Each bound is one more series per context.',
        when: 'your values are not fractions of seconds.',
      },
    ),
    timings: choice(
      { default: 'milliseconds', words: ['milliseconds', 'seconds', 'seconds_same_name'] },
      {
        what: 'The unit in which timings (`ms`) are shown on `/metrics`: as they are sent, or in seconds, under a name that ends in `_seconds`, as is the custom there, or under the same name, as with statsd_exporter.',
        trade:
          'Dashboards made for statsd_exporter and for client libraries fit seconds; existing ones of yours change.',
        when: 'you start with Prometheus, or come from statsd_exporter (`seconds`).',
      },
    ),
    openmetrics: yesOrNo(
      { default: true },
      {
        what: 'Offers OpenMetrics to clients that prefer it, such as Prometheus. OpenMetrics requires counters to end in `_total`.',
        trade: 'Without it, counters keep the names they were sent with, as with statsd_exporter.',
        when: 'your dashboards use names without `_total` (`false`).',
      },
    ),
    own_metrics: choice(
      { default: 'together', words: ['together', 'separate', 'off'] },
      {
        what: "Where the server's own metrics are: on `/metrics` with yours, at `/metrics/own` alone, or nowhere.",
        trade:
          'A page of their own can be scraped less often or by another job. Without them, nobody sees losses.',
        when: 'the store of your metrics should not hold those of the server.',
      },
    ),
    ...filterKeys,
  }),
};
