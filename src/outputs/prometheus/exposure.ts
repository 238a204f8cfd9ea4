/**
 * How a metric is shown to Prometheus: in which unit, under which name, and what its histograms and distributions become.
 *
 *   rule of the metric (scale, unit, buckets), else `outputs.prometheus.distributions` and `timings` ─▶ exposure
 *
 * Exposures are few and shared by all contexts with the same answer. One is chosen when a series begins and stays for as
 * long as that lives: a reload changes those that begin afterwards.
 */
import { toSketchKey } from '../../lib/sketch-key.ts';
import type { Context } from '../../model/context.ts';
import type { ExposureRule } from '../../model/metric-rule.ts';

export type DistributionForm = 'summary' | 'classic' | 'native';

export interface Exposure {
  readonly form: DistributionForm;
  /** What values are multiplied with. */
  readonly scale: number;
  /** Appended to the name, unless it ends so already: `_seconds`. */
  readonly suffix: string;
  /** Of a classic histogram, beside which a native one may stand. */
  readonly buckets: ClassicBuckets | undefined;
}

/** Upper bounds of a classic histogram, ascending, without infinity. */
export interface ClassicBuckets {
  readonly bounds: readonly number[];
  /** As the label `le` has them. */
  readonly labels: readonly string[];
  /**
   * The last key of a sketch that each bucket holds: that of the bound itself, in the unit of the observations, so that
   * values equal to a bound are within it.
   */
  readonly keys: readonly number[];
}

/** What the rule for a context says, if there is one that says something. */
export type ExposureRuleOf = (context: Pick<Context, 'name' | 'type'>) => ExposureRule | undefined;

export interface ExposureSettings {
  readonly form: DistributionForm;
  /** Bounds where no rule says others. */
  readonly buckets: readonly number[];
  readonly timingsInSeconds: boolean;
  /** Whether the name says so; it does when not given. */
  readonly timingsSaySo?: boolean;
}

/** Unchanged values as summaries. */
export const PLAIN: Exposure = { form: 'summary', scale: 1, suffix: '', buckets: undefined };
const MS_TO_SECONDS = 0.001;

export class Exposures {
  private readonly settings: ExposureSettings;
  private readonly ruleOf: ExposureRuleOf;
  private readonly known = new Map<string, Exposure>();
  /** Of contexts that no rule says anything about: most, by whether they are observed and whether they are timings. */
  private readonly unruled: (Exposure | undefined)[] = [];

  constructor(settings: ExposureSettings, ruleOf: ExposureRuleOf = () => undefined) {
    this.settings = settings;
    this.ruleOf = ruleOf;
  }

  /** Equal exposures are one object. */
  of(context: Pick<Context, 'name' | 'type' | 'isTiming'>): Exposure {
    const { type, isTiming = false } = context;
    const isObserved = type === 'histogram' || type === 'distribution';
    const rule = this.ruleOf(context);
    if (rule !== undefined) return this.share(isObserved, isTiming, rule);
    const at = (isObserved ? 1 : 0) + (isTiming ? 2 : 0);
    this.unruled[at] ??= this.share(isObserved, isTiming, {});
    return this.unruled[at];
  }

  /** Whether the bins of a context are needed. */
  needsBins(context: Pick<Context, 'name' | 'type' | 'isTiming'>): boolean {
    return this.of(context).form !== 'summary';
  }

  private share(isObserved: boolean, isTiming: boolean, rule: ExposureRule): Exposure {
    const { form, buckets, timingsInSeconds, timingsSaySo = true } = this.settings;
    const inSeconds = timingsInSeconds && isTiming && rule.scale === undefined;
    const scale = rule.scale ?? (inSeconds ? MS_TO_SECONDS : 1);
    const suffix = rule.unit !== undefined ? `_${rule.unit}` : inSeconds && timingsSaySo ? '_seconds' : '';
    const ownForm = !isObserved
      ? 'summary'
      : rule.buckets !== undefined && form === 'summary'
        ? 'classic'
        : form;
    const bounds =
      ownForm === 'summary' ? undefined : (rule.buckets ?? (ownForm === 'classic' ? buckets : undefined));
    const key = JSON.stringify([ownForm, scale, suffix, bounds]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const exposure = {
      form: ownForm,
      scale,
      suffix,
      buckets: bounds && classicBuckets(bounds, scale),
    } as const;
    this.known.set(key, exposure);
    return exposure;
  }
}

/** The name that a metric asks for. */
export function exposedName(name: string, { suffix }: Pick<Exposure, 'suffix'>): string {
  return name.endsWith(suffix) ? name : name + suffix;
}

/** The same for a series whose bins are not kept. Each exposure has one such twin. */
export function withoutBins(exposure: Exposure): Exposure {
  if (exposure.form === 'summary') return exposure;
  const known = twins.get(exposure);
  if (known !== undefined) return known;
  const twin = { ...exposure, form: 'summary', buckets: undefined } as const;
  twins.set(exposure, twin);
  return twin;
}

const twins = new WeakMap<Exposure, Exposure>();

/** How many observations each bucket holds, those of the buckets below it too; the last is everything. */
export function countsIn(
  { keys: limits }: ClassicBuckets,
  bins: { readonly keys: ArrayLike<number>; readonly counts: ArrayLike<number>; readonly length: number },
): number[] {
  const counts: number[] = [];
  let total = 0;
  let at = 0;
  for (const limit of limits) {
    while (at < bins.length && (bins.keys[at] as number) <= limit) total += bins.counts[at++] as number;
    counts.push(total);
  }
  while (at < bins.length) total += bins.counts[at++] as number;
  counts.push(total);
  return counts;
}

function classicBuckets(given: readonly number[], scale: number): ClassicBuckets {
  const bounds = [...new Set(given)].sort((a, b) => a - b);
  return {
    bounds,
    labels: bounds.map((bound) => String(bound)),
    keys: bounds.map((bound) => toSketchKey(bound / scale)),
  };
}
