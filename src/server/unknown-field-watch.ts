/**
 * Fields of messages that mean nothing to this version, as all threads see them: one warning for each kind, and
 * a count.
 */
import { UNKNOWN_FIELD_BYTES, UnknownFields } from '../protocol/unknown-fields.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';

export class UnknownFieldWatch {
  private readonly log: Logger;
  private readonly threads: UnknownFields[] = [];
  private readonly warned = new Set<string>();

  constructor(log: Logger) {
    this.log = log;
  }

  /** Memory in which one more thread counts. */
  addThread(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(UNKNOWN_FIELD_BYTES);
    this.threads.push(new UnknownFields(memory));
    return memory;
  }

  /** Warns of kinds seen for the first time. */
  warn(): void {
    for (const { kind } of this.threads.flatMap((fields) => fields.list())) {
      if (this.warned.has(kind)) continue;
      this.warned.add(kind);
      this.log.warn({ field: kind }, 'clients send a field that this version does not know; it is ignored');
    }
  }

  metrics(): OwnMetric[] {
    const kinds = new Map<string, number>();
    for (const { kind, count } of this.threads.flatMap((fields) => fields.list())) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    }
    return [
      ownMetricBy(
        'counter',
        'whippet_protocol_unknown_field_kinds_total',
        'Unknown fields by their first byte.',
        'kind',
        kinds,
      ),
    ];
  }
}
