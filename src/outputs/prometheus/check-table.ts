/**
 * The last status of each service check, shown as the gauge `<name>_check_status`:
 * 0 OK, 1 warning, 2 critical, 3 unknown.
 *
 * Limits  checksMax checks; a new one beyond that is rejected and counted.
 */
import type { ServiceCheckMessage } from '../../model/message.ts';
import type { ByteString } from '../../model/text.ts';
import type { ExposedFamily, FamilyRoll, PrometheusType } from './family.ts';
import { escapeName, renderLabels } from './labels.ts';
import type { Adjustment, Problems } from './problems.ts';

const SUFFIX = '_check_status';
const CHECKS_MAX = 10_000;

interface CheckStatus {
  readonly labels: string;
  readonly status: number;
  readonly at: number;
}

export class CheckFamily implements ExposedFamily {
  readonly name: string;
  readonly kind = 'check';
  source: ByteString;
  /** By what the check is as sent, because several checks may look the same after escaping. */
  readonly statuses = new Map<string, CheckStatus>();
  /** The label texts of `statuses`. */
  looksLike = new Set<string>();

  constructor(name: string, source: ByteString) {
    this.name = name;
    this.source = source;
  }

  typeIn(): PrometheusType {
    return 'gauge';
  }

  /** The status to show for each label text: the latest, the worst among equally late ones. */
  byLabels(): Map<string, CheckStatus> {
    const shown = new Map<string, CheckStatus>();
    for (const status of this.statuses.values()) {
      const other = shown.get(status.labels);
      const isNewer = other === undefined || status.at > other.at;
      if (isNewer || (status.at === other.at && status.status > other.status))
        shown.set(status.labels, status);
    }
    return shown;
  }
}

export class CheckTable {
  private readonly families = new Map<string, CheckFamily>();
  private readonly problems: Problems;
  private readonly roll: FamilyRoll<CheckFamily>;
  private readonly checksMax: number;
  size = 0;

  constructor(problems: Problems, roll: FamilyRoll<CheckFamily>, checksMax: number = CHECKS_MAX) {
    this.problems = problems;
    this.roll = roll;
    this.checksMax = checksMax;
  }

  /** Keeps the status of `check`, received `at` (Unix seconds). `host` is its host label. */
  set(check: ServiceCheckMessage, host: ByteString, at: number): void {
    const found = new Set<Adjustment>();
    const name = escapeName(check.name, (problem) => found.add(problem)) + SUFFIX;
    const labels = renderLabels(check.tags, host, (problem) => found.add(problem));
    const identity = [check.name, host, ...[...check.tags].sort()].join('\0');
    let family = this.families.get(name);
    if (family?.statuses.has(identity) !== true) {
      if (this.size >= this.checksMax) {
        this.problems.reject('check_limit');
        return;
      }
      if (family?.looksLike.has(labels)) found.add('series_merged');
      for (const problem of found) this.problems.adjust(problem);
      this.size++;
    }
    if (family === undefined) {
      family = new CheckFamily(name, check.name);
      this.families.set(name, family);
      this.roll.join(family);
    }
    if (check.name < family.source) family.source = check.name;
    family.looksLike.add(labels);
    family.statuses.set(identity, { labels, status: check.status, at });
  }

  /** Forgets checks last heard of before `time`, Unix seconds. */
  expire(time: number): void {
    for (const [name, family] of this.families) {
      const before = family.statuses.size;
      for (const [identity, { at }] of family.statuses) if (at < time) family.statuses.delete(identity);
      if (family.statuses.size === before) continue;
      this.size -= before - family.statuses.size;
      family.looksLike = new Set(Array.from(family.statuses.values(), ({ labels }) => labels));
      if (family.statuses.size > 0) continue;
      this.families.delete(name);
      this.roll.leave(family);
    }
  }
}
