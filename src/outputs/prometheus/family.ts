/** What a family is, the series that share a name and a type, as far as its table, its naming and its checks share it. */
import { CONTEXT_TYPES, type ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import type { DistributionForm } from './exposure.ts';
import type { ExpositionFormat } from './negotiate.ts';

/** In order of precedence when several want one name. */
export const FAMILY_KINDS = [...CONTEXT_TYPES, 'check'] as const;
export type FamilyKind = ContextType | 'check';
export type PrometheusType = 'counter' | 'gauge' | 'summary' | 'histogram';

/** What naming needs to know; also implemented by the service checks. */
export interface NamedFamily {
  /** Escaped. */
  readonly name: string;
  readonly kind: FamilyKind;
  /** The name as sent; the smallest when several became one. */
  readonly source: ByteString;
}

/** A family on the page. */
export interface ExposedFamily extends NamedFamily {
  typeIn(format: ExpositionFormat): PrometheusType;
}

/** What families of one name are told apart by. There are few, shared by all families. */
export class FamilyShape {
  readonly kind: ContextType;
  /** What its histograms or distributions become. */
  readonly form: DistributionForm;
  /** Whether members have classic buckets. */
  readonly isClassic: boolean;

  constructor(kind: ContextType, form: DistributionForm, isClassic: boolean) {
    this.kind = kind;
    this.form = form;
    this.isClassic = isClassic;
  }

  /** Native histograms exist in the protobuf format alone; others get classic buckets, or a summary. */
  typeIn(format: ExpositionFormat): PrometheusType {
    if (this.kind === 'counter') return 'counter';
    if (this.kind === 'gauge' || this.kind === 'set') return 'gauge';
    return this.isClassic || (this.form === 'native' && format === 'protobuf') ? 'histogram' : 'summary';
  }
}

/** Who is told of families that appear and vanish. */
export interface FamilyRoll<F> {
  join(family: F): void;
  leave(family: F): void;
}
