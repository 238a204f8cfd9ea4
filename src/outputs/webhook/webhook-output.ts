/**
 * Output `webhook`: events and service checks as JSON to a URL.
 *
 *   event, check ─▶ batch, up to ITEMS_MAX or BYTES_MAX, for WAIT_MS at most ─▶ ordered delivery ─▶ POST
 *
 *   {"events":[…],"service_checks":[…]}        records as the file output writes them
 *
 * Of service checks, `changes` sends those whose status is another one than before.
 *
 * Thread  the control thread; what it makes waits in the delivery's queue.
 * Limits  STATUSES_MAX checks are remembered; one more counts as a change each time.
 */
import type { Clock } from '../../lib/time/clock.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import { type Outcomes, outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { formatEvent, formatServiceCheck } from '../file-record.ts';
import type { OrderedDelivery } from '../ordered/ordered-delivery.ts';
import type { DeliveryReport, Output } from '../output.ts';

const ITEMS_MAX = 100;
const BYTES_MAX = 256 * 1024;
/** Events that come together go together. */
const WAIT_MS = 500;
const STATUSES_MAX = 10_000;

export interface WebhookSettings {
  readonly events: boolean;
  readonly serviceChecks: 'changes' | 'all' | 'none';
}

export interface WebhookOptions {
  readonly name: string;
  readonly settings: WebhookSettings;
  readonly clock: Clock;
  readonly delivery: Pick<OrderedDelivery, 'submit' | 'status' | 'health' | 'totals' | 'metrics' | 'close'>;
}

export class WebhookOutput implements Output {
  readonly name: string;
  readonly retentionSeconds = 0;
  private readonly options: WebhookOptions;
  private readonly statuses = new Map<string, number>();
  private events: string[] = [];
  private checks: string[] = [];
  private bytes = 0;
  private cancel: (() => void) | undefined;
  private accepted = 0;
  private readonly filtered = { metric: 0, event: 0, service_check: 0 };

  constructor(options: WebhookOptions) {
    this.options = options;
    this.name = options.name;
  }

  write(batch: readonly Aggregate[]): void {
    this.filtered.metric += batch.length;
  }

  event(event: EventMessage, receivedAt: number): void {
    if (!this.options.settings.events) {
      this.filtered.event++;
      return;
    }
    this.add(this.events, formatEvent(event, receivedAt));
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    const { serviceChecks } = this.options.settings;
    if (serviceChecks === 'none' || (serviceChecks === 'changes' && !this.isChange(check))) {
      this.filtered.service_check++;
      return;
    }
    this.add(this.checks, formatServiceCheck(check, receivedAt));
  }

  outcomes(): Outcomes {
    return outcomes({ accepted: { written: this.accepted }, filtered: { ...this.filtered } });
  }

  totals(): readonly Totals[] {
    return this.options.delivery.totals();
  }

  metrics(): readonly OwnMetric[] {
    return this.options.delivery.metrics();
  }

  status(): readonly object[] {
    return [this.options.delivery.status];
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    return this.options.delivery.health();
  }

  close(deadlineMs: number): Promise<DeliveryReport> {
    this.send();
    return this.options.delivery.close(deadlineMs);
  }

  private isChange({ name, hostname, tags, status }: ServiceCheckMessage): boolean {
    const key = [name, hostname, ...[...tags].sort()].join('\0');
    const before = this.statuses.get(key);
    if (before === undefined && this.statuses.size >= STATUSES_MAX) return true;
    this.statuses.set(key, status);
    return before !== status;
  }

  private add(list: string[], line: string): void {
    this.accepted++;
    list.push(line.trimEnd());
    this.bytes += line.length;
    const isFull = this.events.length + this.checks.length >= ITEMS_MAX || this.bytes >= BYTES_MAX;
    if (isFull) this.send();
    else this.cancel ??= this.options.clock.after(WAIT_MS, () => this.send());
  }

  private send(): void {
    this.cancel?.();
    this.cancel = undefined;
    const count = this.events.length + this.checks.length;
    if (count === 0) return;
    const text = `{"events":[${this.events.join(',')}],"service_checks":[${this.checks.join(',')}]}`;
    this.events = [];
    this.checks = [];
    this.bytes = 0;
    this.options.delivery.submit((createdAt) => ({
      kind: 'webhook',
      route: '/',
      destination: '',
      priority: 'normal',
      createdAt,
      headers: {},
      body: Buffer.from(text),
      itemCount: count,
      pointCount: count,
      errors: 0,
    }));
  }
}
