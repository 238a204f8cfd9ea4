/**
 * Plans: how each context is aggregated, by its id. There is one plan for each metric rule that says something
 * about it, and one for everything else.
 *
 *   id ─▶ number of its plan, found by name and type when it is first asked for ─▶ plan
 *
 * Owned by the control thread. Memory: 4 bytes a context, once there are rules; ids are used again, so whoever
 * forgets contexts says so here.
 */
import type { ContextType } from '../model/context.ts';
import type { AggregationRule } from '../model/metric-rule.ts';
import type { ByteString } from '../model/text.ts';
import type { Buckets } from './buckets.ts';
import { reserve } from './columns.ts';
import type { HistogramSeries } from './histogram-series.ts';
import type { Registry, Retention } from './registry.ts';

export interface Plan extends Retention {
  readonly buckets: Buckets;
  readonly series: HistogramSeries;
  /** `expiry_seconds` of the rule. */
  readonly expirySeconds: number | undefined;
}

/** The rule for contexts of a name and type; undefined when there is none that says how to aggregate. */
export type RuleOf = (name: ByteString, type: ContextType) => AggregationRule | undefined;

type MakePlan = (rule: AggregationRule | undefined) => Plan;

export class Plans {
  readonly #registry: Registry;
  readonly #makePlan: MakePlan;
  readonly #default: Plan;
  #ruleOf: RuleOf | undefined;
  readonly #byRule = new Map<AggregationRule, number>();
  /** By number, from 1. */
  readonly #plans: Plan[] = [];
  /** Number of the plan by context id, 0 before it is asked for. */
  #numbers = new Uint32Array(0);

  constructor(registry: Registry, ruleOf: RuleOf | undefined, makePlan: MakePlan) {
    this.#registry = registry;
    this.#makePlan = makePlan;
    this.#default = makePlan(undefined);
    this.use(ruleOf);
  }

  of(id: number): Plan {
    if (this.#ruleOf === undefined) return this.#default;
    const number = this.#numbers[id] ?? 0;
    return number === 0 ? this.#find(id, this.#ruleOf) : (this.#plans[number - 1] as Plan);
  }

  /** Takes other rules; what was found by the ones before is looked up anew. */
  use(ruleOf: RuleOf | undefined): void {
    this.#ruleOf = ruleOf;
    this.#byRule.clear();
    this.#plans.splice(0, this.#plans.length, this.#default);
    this.#numbers = new Uint32Array(0);
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) if (id < this.#numbers.length) this.#numbers[id] = 0;
  }

  #find(id: number, ruleOf: RuleOf): Plan {
    const number = this.#numberOf(ruleOf(this.#registry.nameOf(id), this.#registry.typeOf(id)));
    this.#numbers = reserve(this.#numbers, id);
    this.#numbers[id] = number;
    return this.#plans[number - 1] as Plan;
  }

  #numberOf(rule: AggregationRule | undefined): number {
    if (rule === undefined) return 1;
    const known = this.#byRule.get(rule);
    if (known !== undefined) return known;
    const number = this.#plans.push(this.#makePlan(rule));
    this.#byRule.set(rule, number);
    return number;
  }
}
