/** Service checks as gauges `<name>_check_status`: the last status of each between two flushes. */
import type { ServiceCheckMessage } from '../../model/message.ts';
import { LastChecks } from '../last-checks.ts';
import type { SeriesLabels } from './series-labels.ts';

export class CheckSamples {
  private readonly checks = new LastChecks();

  set(check: ServiceCheckMessage): boolean {
    return this.checks.set(check);
  }

  drain(
    labels: SeriesLabels,
    visit: (labels: readonly string[], family: string, value: number) => void,
  ): void {
    const seen = new Set<string>();
    for (const { name, hostname: host, tags, status } of this.checks.drain().reverse()) {
      const family = `${labels.nameOf(name)}_check_status`;
      const own = labels.of({ tags, host }, family);
      // Checks that look the same at the receiver are one series; the last one received counts.
      const key = own?.join('\0') ?? '';
      if (own === undefined || seen.has(key)) continue;
      seen.add(key);
      visit(own, family, status);
    }
  }
}
