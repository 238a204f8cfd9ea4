/**
 * Service checks as receivers of metrics get them: the last status of each between two flushes.
 *
 * Limits  CHECKS_MAX checks in one flush; set() answers false beyond that.
 */
import type { ServiceCheckMessage } from '../model/message.ts';

const CHECKS_MAX = 10_000;

export class LastChecks {
  private readonly checks = new Map<string, ServiceCheckMessage>();

  set(check: ServiceCheckMessage): boolean {
    const key = [check.name, check.hostname, ...[...check.tags].sort()].join('\0');
    if (!this.checks.has(key) && this.checks.size >= CHECKS_MAX) return false;
    // The one received last is the last one.
    this.checks.delete(key);
    this.checks.set(key, check);
    return true;
  }

  /** What came since the last call, in the order in which it was received. */
  drain(): ServiceCheckMessage[] {
    const checks = [...this.checks.values()];
    this.checks.clear();
    return checks;
  }
}
