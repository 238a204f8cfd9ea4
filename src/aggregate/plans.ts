/**
 * Plans: how each context is aggregated, by its id. There is one plan for each metric rule that says something
 * about it, and one for everything else.
 *
 *   id ─▶ number of its plan, found by name and type when it is first asked for ─▶ plan
 *
 * Owned by the control thread. Memory: 4 bytes a context, once there are rules; ids are used again, so whoever
 * forgets contexts says so here.
 */
import { assert } from '../lib/assert.ts';
import { ColumnTable } from '../lib/column-table.ts';
import type { ContextType } from '../model/context.ts';
import type { AggregationRule, GlobalGauge } from '../model/metric-rule.ts';
import type { TagChoice } from '../model/tag-choice.ts';
import type { ByteString } from '../model/text.ts';
import type { Buckets } from './buckets.ts';
import type { Registry, Retention } from './contexts/registry.ts';
import type { HistogramSeries } from './types/histogram-series.ts';

export interface Plan extends Retention {
  readonly buckets: Buckets;
  readonly series: HistogramSeries;
  /** `expiry_seconds` of the rule. */
  readonly expirySeconds: number | undefined;
  /** What global gauges come to. */
  readonly gauge: GlobalGauge;
  /** Tags that go before the context joins the fleet's, when it is aggregated here as well. */
  readonly globalTags: TagChoice | undefined;
}

/** The rule for contexts of a name and type; undefined when there is none that says how to aggregate. */
export type RuleOf = (name: ByteString, type: ContextType) => AggregationRule | undefined;

type MakePlan = (rule: AggregationRule | undefined) => Plan;

export class Plans {
  private readonly registry: Registry;
  private readonly makePlan: MakePlan;
  private readonly default: Plan;
  private ruleOf: RuleOf | undefined;
  private readonly byRule = new Map<AggregationRule, number>();
  /** By number, from 1. */
  private readonly plans: Plan[] = [];
  /** By context id: number of the plan, 0 before it is asked for. */
  private readonly found = new ColumnTable({ numbers: Uint32Array });

  constructor(registry: Registry, ruleOf: RuleOf | undefined, makePlan: MakePlan) {
    this.registry = registry;
    this.makePlan = makePlan;
    this.default = makePlan(undefined);
    this.use(ruleOf);
  }

  of(id: number): Plan {
    if (this.ruleOf === undefined) return this.default;
    const number = this.found.columns.numbers[id] ?? 0;
    return number === 0 ? this.find(id, this.ruleOf) : this.at(number);
  }

  /** Takes other rules; what was found by the ones before is looked up anew. */
  use(ruleOf: RuleOf | undefined): void {
    this.ruleOf = ruleOf;
    this.byRule.clear();
    this.plans.splice(0, this.plans.length, this.default);
    this.found.clear();
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) if (id < this.found.capacity) this.found.columns.numbers[id] = 0;
  }

  /** Gives back what a burst of contexts needed: there are none from `idEnd` on. */
  trim(idEnd: number): void {
    this.found.trim(idEnd);
  }

  private at(number: number): Plan {
    const plan = this.plans[number - 1];
    assert(plan !== undefined, 'a plan that was found is in force');
    return plan;
  }

  private find(id: number, ruleOf: RuleOf): Plan {
    const number = this.numberOf(ruleOf(this.registry.nameOf(id), this.registry.typeOf(id)));
    this.found.reserve(id);
    this.found.columns.numbers[id] = number;
    return this.at(number);
  }

  private numberOf(rule: AggregationRule | undefined): number {
    if (rule === undefined) return 1;
    const known = this.byRule.get(rule);
    if (known !== undefined) return known;
    const number = this.plans.push(this.makePlan(rule));
    this.byRule.set(rule, number);
    return number;
  }
}
