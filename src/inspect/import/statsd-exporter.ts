/**
 * Reads a mapping file of statsd_exporter and says the same in our configuration: mapper profiles, rules and settings of
 * `/metrics`. What has no equal here is left out and named.
 *
 *   mappings:                                  dogstatsd_mapper_profiles:
 *   - match: jobs.*.*.duration                 - match: jobs.*.*.duration
 *     name: job_duration         ─────────▶      name: job_duration
 *     labels: { job: $2 }                        tags: { job: '${2}' }
 *     observer_type: histogram                 rules:
 *     ttl: 30s                                 - { match: job_duration, buckets: […], expiry_seconds: 30 }
 *
 * There, globs are tried before regular expressions, and the first match wins; here, the order of the list decides, so
 * globs come first in it. A mapping that drops becomes a name of its own that a rule drops, so that it keeps its place.
 */
import yaml from 'js-yaml';
import {
  durationOf,
  EXPIRY_SECONDS_MAX,
  type Fields,
  type ImportedRule,
  type ImportNote,
  type ImportResult,
  isMap,
} from './import-result.ts';
import { anchoredRegex, globReferences, ruleMatchOf } from './name-patterns.ts';
import { importFlags } from './statsd-exporter-flags.ts';

interface Mapping extends Fields {
  readonly match: string;
}

/** What statsd_exporter uses where a file says nothing. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MS_TO_SECONDS = 0.001;
const DROPPED = 'whippet.dropped';
const MAPPING_FIELDS = new Set([
  ...['match', 'name', 'labels', 'observer_type', 'timer_type', 'buckets', 'quantiles', 'match_type', 'help'],
  ...['action', 'match_metric_type', 'ttl', 'summary_options', 'histogram_options', 'scale', 'honor_labels'],
]);
const DEFAULT_FIELDS = new Set([
  ...['observer_type', 'timer_type', 'buckets', 'quantiles', 'match_type', 'glob_disable_ordering', 'ttl'],
  ...['summary_options', 'histogram_options'],
]);

/** Throws when the text is no mapping file. `flags` are those of its command line. */
export function importStatsdExporter(text: string, flags: readonly string[] = []): ImportResult {
  const file = yaml.load(text, { schema: yaml.CORE_SCHEMA });
  if (!isMap(file)) throw new Error('this is no mapping file: it is not a map with "mappings"');
  const mappings = file.mappings ?? [];
  if (!Array.isArray(mappings)) throw new Error('this is no mapping file: "mappings" is not a list');
  return new Import(isMap(file.defaults) ? file.defaults : {}, mappings).result(file, flags);
}

class Import {
  private readonly defaults: Fields;
  private readonly mappings: readonly unknown[];
  private readonly notes: ImportNote[] = [];
  private readonly rules: ImportedRule[] = [];

  constructor(defaults: Fields, mappings: readonly unknown[]) {
    this.defaults = defaults;
    this.mappings = mappings;
  }

  result(file: Fields, flags: readonly string[]): ImportResult {
    for (const field of Object.keys(file))
      if (field !== 'defaults' && field !== 'mappings') this.note(field, 'is not known here');
    const prometheus = this.prometheus();
    const globs: object[] = [];
    const regexes: object[] = [];
    this.mappings.forEach((mapping, index) => {
      const place = `mappings ${index + 1}${isMap(mapping) ? ` ${JSON.stringify(mapping.match)}` : ''}`;
      if (!isMap(mapping) || typeof mapping.match !== 'string' || mapping.match === '') {
        this.note(place, 'has no match, and is left out');
        return;
      }
      const isRegex = (mapping.match_type ?? this.defaults.match_type) === 'regex';
      const entry = this.mapping(place, mapping as Mapping, isRegex, index);
      if (entry !== undefined) (isRegex ? regexes : globs).push(entry);
    });
    const all = [...globs, ...regexes];
    return {
      config: {
        ...importFlags(flags, (flag, text) => this.note(flag, text)),
        ...(all.length > 0 && {
          dogstatsd_mapper_profiles: [{ name: 'statsd_exporter', prefix: '*', mappings: all }],
        }),
        ...(this.rules.length > 0 && { rules: this.rules }),
        outputs: { prometheus },
      },
      notes: this.notes,
    };
  }

  /** Settings of the page, from the defaults of the file. */
  private prometheus(): object {
    const defaults = this.defaults;
    for (const field of Object.keys(defaults))
      if (!DEFAULT_FIELDS.has(field)) this.note('defaults', `${field} is not known here`);
    if (defaults.glob_disable_ordering === true)
      this.note('defaults', 'glob_disable_ordering: here the first match in the order of the file wins');
    const ttl = durationOf(defaults.ttl);
    if (ttl === 0)
      this.note(
        'defaults',
        'series never expire there; here they do after expiry_seconds without data, a week at most',
      );
    this.noteSummaryOptions('defaults', defaults);
    return {
      // Timings in seconds under the names they have, and counters without _total, as there.
      timings: 'seconds_same_name',
      openmetrics: false,
      expiry_seconds: ttl === 0 ? EXPIRY_SECONDS_MAX : Math.min(Math.max(ttl, 1), EXPIRY_SECONDS_MAX),
      ...(this.isHistogram(defaults, false) && {
        distributions: this.isNative(defaults) ? 'native' : 'classic',
        buckets: this.defaultBuckets.map(String),
      }),
    };
  }

  private get defaultBuckets(): readonly number[] {
    return bucketsOf(this.defaults) ?? BUCKETS;
  }

  private mapping(place: string, mapping: Mapping, isRegex: boolean, index: number): object | undefined {
    for (const field of Object.keys(mapping))
      if (!MAPPING_FIELDS.has(field)) this.note(place, `${field} is not known here`);
    const match = isRegex ? anchoredRegex(mapping.match) : mapping.match;
    if (!isRegex && !/^[A-Za-z0-9_.*-]+$/.test(match)) {
      this.note(place, 'has a glob with other characters than letters, digits and -_.*, and is left out');
      return undefined;
    }
    const pattern = isRegex ? { match, match_type: 'regex' } : { match };
    const type = mapping.match_metric_type;
    if (type !== undefined)
      this.note(place, `match_metric_type ${String(type)}: here it applies to every type`);
    if (mapping.action === 'drop') {
      const name = `${DROPPED}.${index + 1}`;
      this.rules.push({ match: name, drop: true });
      return { ...pattern, name };
    }
    if (typeof mapping.name !== 'string' || mapping.name === '') {
      this.note(place, 'has no name, and is left out');
      return undefined;
    }
    const template = (text: unknown): string => (isRegex ? String(text) : globReferences(String(text)));
    const labels = isMap(mapping.labels) ? mapping.labels : {};
    const tags = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, template(value)]));
    if (mapping.honor_labels === true)
      this.note(place, 'honor_labels: here a tag and a label of one name are joined with a comma');
    if (mapping.help !== undefined) this.note(place, 'help: here it says how the metric was sent');
    const name = template(mapping.name);
    this.addRules(place, mapping, name);
    return { ...pattern, name, ...(Object.keys(tags).length > 0 && { tags }) };
  }

  /** What concerns the metric under its new name. */
  private addRules(place: string, mapping: Mapping, name: string): void {
    this.noteSummaryOptions(place, mapping);
    const target = ruleMatchOf(name);
    const common: Omit<ImportedRule, 'match'> = {};
    const ttl = mapping.ttl === undefined ? undefined : durationOf(mapping.ttl);
    if (ttl !== undefined && ttl > 0) common.expiry_seconds = Math.min(ttl, EXPIRY_SECONDS_MAX);
    if (ttl === 0) this.note(place, 'ttl 0: here a series expires after outputs.prometheus.expiry_seconds');
    const observed: Omit<ImportedRule, 'match'> = { ...common };
    const [isHistogram, isDefault] = [
      this.isHistogram(mapping, true),
      this.isHistogram(this.defaults, false),
    ];
    const own = bucketsOf(mapping);
    if (isHistogram && (own !== undefined || !isDefault)) observed.buckets = own ?? this.defaultBuckets;
    if (!isHistogram && isDefault)
      this.note(place, 'is a summary while the default is a histogram: here it is a histogram too');
    const scale = typeof mapping.scale === 'number' ? mapping.scale : undefined;
    if (scale !== undefined) {
      common.scale = scale;
      observed.scale = scale * MS_TO_SECONDS;
      this.note(
        place,
        'scale: histograms are taken for timings, in milliseconds; h and d would need another scale',
      );
    }
    const isSame = JSON.stringify(common) === JSON.stringify(observed);
    if (isSame) this.addRule(place, { ...target, ...common });
    else {
      this.addRule(place, { ...target, types: ['histogram', 'distribution'], ...observed });
      this.addRule(place, { ...target, types: ['count', 'gauge', 'set'], ...common });
    }
  }

  private addRule(place: string, rule: ImportedRule): void {
    const { match, match_type: _, types, ...says } = rule;
    if (Object.keys(says).length === 0) return;
    const same = this.rules.find(
      (other) => other.match === match && JSON.stringify(other.types) === JSON.stringify(types),
    );
    if (same === undefined) this.rules.push(rule);
    else if (JSON.stringify(same) !== JSON.stringify(rule))
      this.note(place, `another mapping to ${match} has decided on its buckets, scale and ttl already`);
  }

  private isHistogram(options: Fields, inherits: boolean): boolean {
    const own = options.observer_type ?? options.timer_type;
    const type = own ?? (inherits ? (this.defaults.observer_type ?? this.defaults.timer_type) : undefined);
    return type === 'histogram';
  }

  private isNative({ histogram_options: options }: Fields): boolean {
    return isMap(options) && Number(options.native_histogram_bucket_factor ?? 0) > 1;
  }

  private noteSummaryOptions(place: string, { summary_options: options, quantiles }: Fields): void {
    if (options !== undefined || quantiles !== undefined)
      this.note(
        place,
        'quantiles and their window: here summaries have 0.5, 0.9, 0.95 and 0.99 of the last minutes',
      );
  }

  private note(place: string, text: string): void {
    this.notes.push({ place, text });
  }
}

function bucketsOf(options: Fields): readonly number[] | undefined {
  const inner = isMap(options.histogram_options) ? options.histogram_options.buckets : undefined;
  const buckets = inner ?? options.buckets;
  if (!Array.isArray(buckets)) return undefined;
  const bounds = buckets.map(Number).filter(Number.isFinite);
  return bounds.length === 0 ? undefined : bounds;
}
