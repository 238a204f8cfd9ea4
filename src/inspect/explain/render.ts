/**
 * A walk as text for people: the line, what it was parsed as, each step that changed it, and what it comes
 * to.
 *
 *   airflow.job.etl.load:12|h
 *     metric     airflow.job.etl.load  histogram  12
 *     mapper     profile "airflow", rule 1 "airflow.job.*.*"  $1=etl  $2=load
 *                ─▶ airflow.job
 *     context    airflow.job  histogram  host web-1
 *                type:etl                  mapper
 *     series     airflow.job.max           gauge
 */
import type { LineContext } from '../../enrich/line-context.ts';
import type { EnrichStep, HostChoice, SpecialTagMeaning } from '../../enrich/trace.ts';
import type { Colour, Paint } from '../../lib/text/paint.ts';
import { padTo } from '../../lib/text/terminal-text.ts';
import type { Scope } from '../../model/context.ts';
import type { Message, Rejection } from '../../model/message.ts';
import type { RuleName } from '../../model/metric-rule.ts';
import type { ByteString } from '../../model/text.ts';
import type { CardinalityLimit } from '../../model/views/cardinality.ts';
import type { ContextTiming, SeriesNames } from '../series-names.ts';
import { pointAt } from './caret.ts';
import { describeOrigin, tagSources } from './tag-sources.ts';
import type { MessageOutcome, MetricOutcome, Walk } from './walk.ts';
import { describeNote, describeRejection, show } from './words.ts';

export interface RenderOptions {
  readonly paint: Paint;
  readonly names: SeriesNames;
  /** Which key holds the name filter. */
  readonly filterKey: string;
}

/** One row: a label, shown once for rows that follow each other, and text that is safe to print. */
export interface Row {
  readonly label: string;
  readonly text: string;
  readonly colour?: Colour;
}

const LABEL_WIDTH = 11;
/** Columns a tag or a name takes before what is said about it. */
const ITEM_WIDTH = 32;

const MEANINGS: Readonly<Record<SpecialTagMeaning, string>> = {
  host: 'sets the host',
  entity_id: 'names the pod of the sender',
  cardinality: 'sets the tag cardinality',
  jmx_check: 'names the JMX check',
  scope: 'says where the metric is aggregated',
};

const SCOPE_TEXTS: Readonly<Record<Scope, string>> = {
  local: 'is aggregated here',
  global: 'is aggregated over the fleet',
  both: 'is aggregated here and over the fleet',
};

const HOSTS: Readonly<Record<HostChoice, string>> = {
  field: 'h: field',
  tag: 'host: tag',
  server: 'the server',
  serverless: 'serverless',
  global: 'aggregated over the fleet',
};

/** Returns the text, with a newline at the end of every line. */
export function renderWalk(walk: Walk, options: RenderOptions): string {
  return renderRows(walk, options).text;
}

/** The rows below the line, and all of it as text. */
export function renderRows(walk: Walk, options: RenderOptions): { rows: readonly Row[]; text: string } {
  const { paint } = options;
  const { parsed } = walk;
  if (parsed.kind === 'error') {
    const rows = [rejectionRow(parsed)];
    const { text, indent } = pointAt(walk.line, parsed.at);
    return { rows, text: `${paint('bold', text)}\n${indent}${paint('red', '^')}\n${layOut(rows, paint)}` };
  }
  const rows = rowsOf(walk, parsed, options);
  return { rows, text: `${paint('bold', show(walk.line))}\n${layOut(rows, paint)}` };
}

function rowsOf({ notes, steps, outcome }: Walk, parsed: Message, options: RenderOptions): Row[] {
  const rows: Row[] = [
    { label: parsed.kind === 'service_check' ? 'check' : parsed.kind, text: describeMessage(parsed) },
    ...originRows(parsed),
    ...notes.map((note): Row => ({ label: 'note', text: describeNote(note), colour: 'yellow' })),
    ...('warnings' in parsed && parsed.warnings > 0 ? [warningRow(parsed.warnings)] : []),
    ...steps.flatMap((step) => stepRows(step, options)),
  ];
  const sources = tagSources(parsed.kind === 'metric' ? parsed.tags.list : parsed.tags, steps);
  if (outcome?.kind === 'metric') rows.push(...metricRows(outcome, sources, options));
  else if (outcome?.kind === 'message') rows.push(...messageRows(outcome, sources));
  return rows;
}

function rejectionRow(rejection: Rejection): Row {
  const kind = rejection.messageType.replace('_', ' ');
  return {
    label: 'error',
    text: `${describeRejection(rejection)} (${kind}: ${rejection.error})`,
    colour: 'red',
  };
}

function layOut(rows: readonly Row[], paint: Paint): string {
  let previous = '';
  return rows
    .map(({ label, text, colour }) => {
      const shown = label === previous ? '' : label;
      previous = label;
      return `  ${paint('cyan', shown.padEnd(LABEL_WIDTH))}${colour === undefined ? text : paint(colour, text)}\n`;
    })
    .join('');
}

function describeMessage(message: Message): string {
  const parts: string[] = [];
  if (message.kind === 'metric') {
    const { name, type, setValue, values, sampleRate } = message;
    parts.push(show(name), type, type === 'set' ? show(setValue) : values.join(' '));
    if (sampleRate !== 1) parts.push(`rate ${sampleRate}`);
  } else if (message.kind === 'event') {
    parts.push(quote(message.title), quote(message.text), message.alertType, `priority ${message.priority}`);
    if (message.aggregationKey !== '') parts.push(`key ${show(message.aggregationKey)}`);
    if (message.sourceType !== '') parts.push(`source ${show(message.sourceType)}`);
  } else {
    parts.push(show(message.name), ['ok', 'warning', 'critical', 'unknown'][message.status] as string);
    if (message.message !== '') parts.push(quote(message.message));
  }
  if (message.timestamp !== 0) parts.push(`at ${message.timestamp}`);
  return parts.join('  ');
}

/** What the client said about where it runs. */
function originRows({ localData, externalData, cardinality }: Message): Row[] {
  const parts: string[] = [];
  if (localData.containerId !== '') parts.push(`container ${show(localData.containerId)}`);
  if (localData.inode !== 0n) parts.push(`inode ${localData.inode}`);
  if (externalData.podUid !== '') parts.push(`pod ${show(externalData.podUid)}`);
  if (externalData.containerName !== '') {
    parts.push(
      `${externalData.init ? 'init container' : 'container'} name ${show(externalData.containerName)}`,
    );
  }
  if (cardinality !== '') parts.push(`cardinality ${show(cardinality)}`);
  return parts.length === 0 ? [] : [{ label: 'client', text: parts.join('  ') }];
}

function warningRow(count: number): Row {
  const what = count === 1 ? '1 field has a bad value' : `${count} fields have bad values`;
  return { label: 'note', text: `${what} and no effect`, colour: 'yellow' };
}

/** What is said about a step; tags that were added are shown with the result instead. */
function stepRows(step: EnrichStep, { filterKey }: RenderOptions): Row[] {
  switch (step.kind) {
    case 'mapped': {
      const captures = step.captures.slice(1).map((text, i) => `$${i + 1}=${show(text)}`);
      const rule = `profile "${step.profile}", rule ${step.rule} "${step.match}"`;
      return [
        { label: 'mapper', text: [rule, ...captures].join('  ') },
        { label: 'mapper', text: `─▶ ${[step.name, ...step.tags].map(show).join('  ')}` },
      ];
    }
    case 'unmapped':
      return [{ label: 'mapper', text: `no rule of profile "${step.profile}" matches` }];
    case 'special_tag':
      return [{ label: 'tag', text: `${show(step.tag)} ${MEANINGS[step.sets]} and is removed` }];
    case 'namespace':
      return [{ label: 'namespace', text: `─▶ ${show(step.name)}` }];
    case 'namespace_exempt':
      return [
        { label: 'namespace', text: `none: "${show(step.entry)}" is in statsd_metric_namespace_blacklist` },
      ];
    case 'filtered': {
      const text = `dropped: ${show(step.name)} matches "${show(step.entry)}" of ${step.by ?? filterKey}`;
      return [{ label: 'filter', text, colour: 'red' }];
    }
    case 'rule':
      return ruleRows(step);
    case 'host':
      return [
        { label: 'host', text: `${step.host === '' ? 'none' : show(step.host)} (${HOSTS[step.from]})` },
      ];
    case 'copied':
      return [{ label: 'copy', text: `distribution ${show(step.name)}` }];
    case 'no_origin':
      return [{ label: 'origin', text: 'no tags of the origin: cardinality none' }];
    case 'origin':
      return originStepRows(step);
    case 'tags_removed': {
      const by = step.by === undefined ? 'metric_tag_filterlist' : nameRule(step.by);
      const text = `${step.tags.map(show).join('  ')} (${by}, ${show(step.name)})`;
      return [{ label: 'removed', text }];
    }
    case 'tag_values': {
      const instead = step.replacements.length === 0 ? '' : `  ─▶ ${step.replacements.map(show).join('  ')}`;
      const by = `(metric_tag_value_allowlist, ${show(step.name)})`;
      return [{ label: 'values', text: `${step.tags.map(show).join('  ')}${instead} ${by}` }];
    }
    case 'scope':
      return [{ label: 'global', text: `${show(step.name)} ${SCOPE_TEXTS[step.scope]} (${step.by})` }];
    case 'over_limit': {
      const text = step.dryRun
        ? `${show(step.name)} is over limits.${step.limit}: limits.dry_run lets it pass`
        : `${show(step.name)} is over ${limitKey(step.limit)}: it goes to the overflow series`;
      return [{ label: 'limit', text, colour: 'yellow' }];
    }
    case 'extra_tags':
    case 'host_tags':
      return [];
  }
}

function limitKey(limit: CardinalityLimit): string {
  return limit === 'context_bytes' ? 'the length of a context' : `limits.${limit}`;
}

function ruleRows(step: Extract<EnrichStep, { kind: 'rule' }>): Row[] {
  const named = `${nameRule(step)} is for ${show(step.name)}`;
  if (step.drop) return [{ label: 'rule', text: `${named}: dropped`, colour: 'red' }];
  const rows: Row[] = [{ label: 'rule', text: step.as === undefined ? named : `${named} ─▶ ${step.as}` }];
  if (step.refused !== undefined) {
    const text = `cannot make a ${step.refused} of it: it is a set, a copy, or has a timestamp`;
    rows.push({ label: 'rule', text, colour: 'yellow' });
  }
  return rows;
}

function describeTiming({ bucket_seconds, expiry_seconds, ...rule }: ContextTiming): string {
  const parts: string[] = [];
  if (bucket_seconds !== undefined) parts.push(`buckets of ${bucket_seconds} s`);
  if (expiry_seconds !== undefined) parts.push(`expires ${expiry_seconds} s after the last sample`);
  return `${parts.join(', ')} (${nameRule(rule)})`;
}

function nameRule({ rule, match }: RuleName): string {
  return `rule ${rule} "${match}"`;
}

function originStepRows({ source, entity, level, tags }: Extract<EnrichStep, { kind: 'origin' }>): Row[] {
  if (source === 'global' && (tags ?? []).length === 0) return [];
  const found =
    tags === undefined ? 'not known' : tags.length === 0 ? `no tags at level ${level}` : `level ${level}`;
  return [{ label: 'origin', text: `${show(describeOrigin(source, entity))}: ${found}` }];
}

function metricRows(
  { line, samples, contexts }: MetricOutcome,
  sources: ReadonlyMap<ByteString, string>,
  options: RenderOptions,
): Row[] {
  if (line === undefined) return [];
  const rows: Row[] = [];
  const timestamped = line.pipeline === 'no_aggregation';
  if (!contexts.some((context) => context.name === line.name && context.type === line.type)) {
    const text = `dropped: a ${line.type} cannot have a timestamp of its own`;
    rows.push({ label: 'note', text, colour: 'red' });
  } else if (timestamped) {
    rows.push({ label: 'note', text: `has a timestamp: passed through, not aggregated` });
  }
  if (line.type !== 'set' && samples.some(({ value }) => !Number.isFinite(value)))
    rows.push({ label: 'note', text: 'values that are not finite are dropped', colour: 'yellow' });
  for (const context of contexts)
    rows.push(...contextRows(context, sources, options), ...weightRows(context, line.sampleRate, options));
  return rows;
}

/** What the sample rate does, when there is one (docs/protocol.md, sample rates). */
function weightRows(context: LineContext, rate: number, { names }: RenderOptions): Row[] {
  if (rate === 1) return [];
  const weight = names.weightOf(context, rate);
  if (weight === undefined) {
    const text = `${rate}: values are dropped, as each would stand for more than 4,294,967,295 events`;
    return [{ label: 'rate', text, colour: 'red' }];
  }
  const { type, timestamped } = context;
  if (timestamped) return [{ label: 'rate', text: `${rate}: not used for values with a timestamp` }];
  if (type === 'gauge' || type === 'set') return [{ label: 'rate', text: `${rate}: not used by a ${type}` }];
  if (weight === 1 && !(rate > 0 && rate < 1))
    return [{ label: 'rate', text: `${rate}: counts as 1`, colour: 'yellow' }];
  return [{ label: 'rate', text: `${rate}: each value counts ${weight === 1 ? 'once' : `${weight} times`}` }];
}

function contextRows(
  context: LineContext,
  sources: ReadonlyMap<ByteString, string>,
  { names, paint }: RenderOptions,
): Row[] {
  const head = [show(context.name), context.type].join('  ');
  const rows: Row[] = [
    { label: 'context', text: paint('green', head) },
    ...tagRows('context', context.tags.list, sources),
  ];
  const timing = names.timingOf(context);
  if (timing !== undefined) rows.push({ label: 'timing', text: describeTiming(timing) });
  for (const { name, type, filteredBy } of names.of(context)) {
    const said = filteredBy === undefined ? type : paint('red', `${type}, left out by ${filteredBy}`);
    rows.push({ label: 'series', text: item(show(name), said) });
  }
  return rows;
}

function messageRows({ tags }: MessageOutcome, sources: ReadonlyMap<ByteString, string>): Row[] {
  return tagRows('tags', tags, sources);
}

function tagRows(
  label: string,
  tags: readonly ByteString[],
  sources: ReadonlyMap<ByteString, string>,
): Row[] {
  return tags.map((tag) => ({ label, text: item(show(tag) || "''", show(sources.get(tag) ?? '')) }));
}

function item(text: string, said: string): string {
  return `${padTo(text, ITEM_WIDTH, 'right')} ${said}`;
}

function quote(bytes: ByteString): string {
  return `"${show(bytes)}"`;
}
