/**
 * Fields of messages that mean nothing to this version, and messages that most likely mean something else than they
 * say, as all threads see them: one warning for each kind, and a count.
 */
import { SUSPICIONS, type Suspicion } from '../../model/views/suspicion.ts';
import { UNKNOWN_FIELD_BYTES, UnknownFields } from '../../telemetry/counters/unknown-fields.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type OwnMetric, ownMetricBy } from '../../telemetry/metric.ts';

const SUSPICION_WORDS: Readonly<Record<Suspicion, string>> = {
  event_length:
    'clients send events whose lengths end between two characters; lengths count bytes, not characters (docs/clients.md); whippet explain shows it for a line',
  check_message:
    'clients send service checks with an unescaped bar in their message, which ends there (docs/clients.md)',
};

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
      this.log.warn({ field: kind }, 'clients send a field that this version does not know; ignoring it');
    }
    for (const kind of SUSPICIONS) {
      if (this.warned.has(kind) || this.countOf(kind) === 0) continue;
      this.warned.add(kind);
      this.log.warn({ suspicion: kind }, SUSPICION_WORDS[kind]);
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
      ownMetricBy(
        'counter',
        'whippet_protocol_suspicious_messages_total',
        'Events and checks that parse and are most likely not what their sender meant.',
        'kind',
        SUSPICIONS.map((kind) => [kind, this.countOf(kind)] as const),
      ),
    ];
  }

  private countOf(kind: Suspicion): number {
    return this.threads
      .flatMap((fields) => fields.suspicions())
      .reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0);
  }
}
