/**
 * Labels of a series as a receiver gets them: those of `/metrics`, those added for every series, and what the relabel rules
 * make of them.
 *
 *   name, tags, host ─▶ labels as on /metrics ─▶ + added labels ─▶ first relabel rule that matches ─▶ sorted, each once
 *
 * A label that a tag already gives is never replaced by an added one.
 */
import { matchesGlob } from '../../lib/text/glob.ts';
import type { Context } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import { escapeName, type Label, listLabels, plainName } from '../prometheus/labels.ts';

/** What to do with the series whose name matches. All fields but `match` may be left out. */
export interface RelabelRule {
  /** A pattern of names as the receiver sees them; `*` stands for any text. */
  readonly match: string;
  /** Leaves the series out. */
  readonly drop?: boolean;
  readonly keepLabels?: readonly string[];
  readonly dropLabels?: readonly string[];
  /** Old name by new name. */
  readonly renameLabels?: Readonly<Record<string, string>>;
  /** Labels to set, whatever they were. */
  readonly setLabels?: Readonly<Record<string, string>>;
  /** Another name for the metric. */
  readonly name?: string;
}

export interface LabelSettings {
  /** The server's own host name: a host label appears only where a context's host differs. */
  readonly hostname: ByteString;
  /** Added where a series has no label of that name. */
  readonly labels: Readonly<Record<string, string>>;
  /** Keeps dots and other characters in names. */
  readonly utf8Names: boolean;
  readonly relabel: readonly RelabelRule[];
}

export class SeriesLabels {
  private readonly settings: LabelSettings;
  private readonly added: readonly Label[];

  constructor(settings: LabelSettings) {
    this.settings = settings;
    this.added = Object.entries(settings.labels).map(([name, value]) => ({ name, value }));
  }

  /** The name of a metric, before the relabel rules. */
  nameOf(name: ByteString): string {
    return this.settings.utf8Names ? plainName(name) : escapeName(name);
  }

  /**
   * Name and value by turns, sorted by name, `__name__` among them; undefined when a rule leaves the series out. `extra` is
   * a label of this series alone, such as a quantile.
   */
  of({ tags, host }: Pick<Context, 'tags' | 'host'>, name: string, extra?: Label): string[] | undefined {
    const { hostname, utf8Names } = this.settings;
    const hostLabel = host === hostname ? '' : host;
    let labels = listLabels(tags, hostLabel, undefined, utf8Names ? plainName : escapeName);
    for (const label of this.added) if (!has(labels, label.name)) labels.push(label);
    if (extra !== undefined) labels.push(extra);
    let shown = name;
    const rule = this.settings.relabel.find(({ match }) => matchesGlob(name, match));
    if (rule !== undefined) {
      if (rule.drop === true) return undefined;
      labels = applied(rule, labels);
      shown = rule.name ?? name;
    }
    labels.push({ name: '__name__', value: shown });
    labels.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    const flat: string[] = [];
    for (const label of labels) {
      // Renaming may give a name twice; the first one stays. A label without a value is no label.
      if (label.value === '' || flat.at(-2) === label.name) continue;
      flat.push(label.name, label.value);
    }
    return flat;
  }
}

function applied(rule: RelabelRule, before: readonly Label[]): Label[] {
  const { keepLabels, dropLabels = [], renameLabels = {}, setLabels = {} } = rule;
  const labels: Label[] = [];
  for (const { name, value } of before) {
    if (dropLabels.includes(name) || (keepLabels !== undefined && !keepLabels.includes(name))) continue;
    const renamed = renameLabels[name] ?? name;
    if (!(renamed in setLabels)) labels.push({ name: renamed, value });
  }
  for (const [name, value] of Object.entries(setLabels)) labels.push({ name, value });
  return labels;
}

function has(labels: readonly Label[], name: string): boolean {
  return labels.some((label) => label.name === name);
}
