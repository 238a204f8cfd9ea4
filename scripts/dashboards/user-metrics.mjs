/** A start for one's own metrics: pick a counter, a gauge and a distribution, and the label to split them by. */
import { choice, dashboard, lines, row, target } from './panels.mjs';

const CHOSEN = 'job=~"$job"';
/** Names of users: not those of the server itself or of the scrape. Prometheus wants a condition that is not met by nothing. */
const NAMES = `${CHOSEN},__name__=~".+",__name__!~"(whippet|scrape)_.*|up"`;
const of = (name) => `$\{${name}}{${CHOSEN}}`;
const part = (name, suffix) => `$\{${name}}${suffix}{${CHOSEN}}`;
const QUANTILES = [0.5, 0.9, 0.99];

export const userMetrics = dashboard({
  uid: 'whippet-metrics',
  title: 'whippet: your metrics',
  description: 'A start: one counter, one gauge and one distribution of your choice, split by a label.',
  tags: ['whippet'],
  variables: [
    choice('job', 'Job', 'label_values(job)', { all: true }),
    choice('by', 'Split by', 'label_names()', {
      description: 'A label, such as env or service.',
      regex: '/^(?!__name__|le$|quantile$).+/',
    }),
    choice('counter', 'Counter', `label_values({${NAMES},__name__!~".+_(sum|count|bucket)"}, __name__)`, {
      description:
        'Names of counters end in _total when Prometheus scrapes them, and have no suffix over remote write.',
    }),
    choice(
      'gauge',
      'Gauge',
      `label_values({${NAMES},quantile="",__name__!~".+_(total|sum|count|bucket)"}, __name__)`,
    ),
    choice('summary', 'Summary', `label_values({${NAMES},quantile!=""}, __name__)`, {
      description: 'Timings, histograms and distributions, unless outputs.prometheus.distributions is set.',
    }),
    choice('histogram', 'Histogram', `label_values({${NAMES},le!=""}, __name__)`, {
      regex: '/(.+)_bucket$/',
      description: 'outputs.prometheus.distributions: classic, or rules with buckets.',
    }),
    choice(
      'native',
      'Native histogram',
      `label_values({${NAMES},quantile="",le="",__name__!~".+_(total|sum|count)"}, __name__)`,
      {
        description: 'outputs.prometheus.distributions: native, and everything over remote write.',
      },
    ),
  ],
  panels: [
    row('Counter'),
    lines(
      `$\{counter} per second`,
      'How often it happens.',
      [target(`sum by ($by) (rate(${of('counter')}[$__rate_interval]))`)],
      { unit: 'cps' },
    ),
    lines(`$\{counter} in all`, 'How often it happened within the range of the dashboard, by the label.', [
      target(`sum by ($by) (increase(${of('counter')}[$__range]))`),
    ]),
    row('Gauge'),
    lines(`$\{gauge}`, 'The mean over all series of a value of the label.', [
      target(`avg by ($by) (${of('gauge')})`),
    ]),
    lines(`$\{gauge}: lowest and highest`, 'Over all series.', [
      target(`min(${of('gauge')})`, 'lowest'),
      target(`max(${of('gauge')})`, 'highest'),
    ]),
    row('Summary'),
    lines(
      `$\{summary}: quantiles`,
      'Of the last minute or two, for each server; the highest of them. Quantiles of summaries cannot be added up.',
      [target(`max by (quantile) (${of('summary')})`, '{{quantile}}')],
    ),
    lines(`$\{summary}: mean and values per second`, 'The mean is right over any number of servers.', [
      target(
        `sum by ($by) (rate(${part('summary', '_sum')}[$__rate_interval])) / sum by ($by) (rate(${part('summary', '_count')}[$__rate_interval]))`,
        'mean {{$by}}',
      ),
      target(`sum by ($by) (rate(${part('summary', '_count')}[$__rate_interval]))`, 'per second {{$by}}'),
    ]),
    row('Histogram'),
    lines(
      `$\{histogram}: quantiles`,
      'Over all servers together, as exact as the buckets are narrow.',
      QUANTILES.map((q) =>
        target(
          `histogram_quantile(${q}, sum by (le) (rate(${part('histogram', '_bucket')}[$__rate_interval])))`,
          String(q),
        ),
      ),
    ),
    lines(
      `$\{native}: quantiles of a native histogram`,
      'Over all servers together, within 1.9 %.',
      QUANTILES.map((q) =>
        target(`histogram_quantile(${q}, sum (rate(${of('native')}[$__rate_interval])))`, String(q)),
      ),
    ),
  ],
});
