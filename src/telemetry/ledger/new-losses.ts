/** What was lost since the last look, from the ledger: what `dropped` grew by, and what the kernel dropped before us. */
import type { Totals } from './ledger.ts';

export interface Loss {
  /** Where: `listener`, `output`, … and which of them; docs/ledger.md lists all. */
  readonly stage: string;
  readonly name: string;
  readonly unit: Totals['unit'];
  readonly reason: string;
  /** How many since the last event about it. */
  readonly count: number;
}

export class NewLosses {
  private readonly seen = new Map<string, number>();

  /** What is new in these totals. */
  look(totals: readonly Totals[]): Loss[] {
    const losses: Loss[] = [];
    for (const { stage, name, unit, dropped } of totals) {
      for (const [reason, total] of Object.entries(dropped)) {
        const key = [stage, name, unit, reason].join('\n');
        const count = total - (this.seen.get(key) ?? 0);
        this.seen.set(key, total);
        if (count > 0) losses.push({ stage, name, unit, reason, count });
      }
    }
    return losses;
  }
}
