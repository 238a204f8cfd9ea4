/** The ledger entry of an endpoint, in payloads: submitted + found on disk = delivered + lost + held. */
import { outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { EndpointStatus } from './endpoint-status.ts';

export function endpointTotals({ endpoint, counts, losses, queue, disk }: EndpointStatus): Totals {
  const payloads = Object.entries(counts.delivered).map(([kind, amount]) => [kind, amount.payloads] as const);
  const submitted = Object.values(counts.submitted).reduce((sum, amount) => sum + amount.payloads, 0);
  const dropped: Record<string, number> = {};
  for (const { reason, payloads: lost } of losses) dropped[reason] = (dropped[reason] ?? 0) + lost;
  return {
    stage: 'delivery',
    name: endpoint,
    unit: 'payloads',
    received: submitted + (disk?.found.payloads ?? 0),
    ...outcomes({
      accepted: Object.fromEntries(payloads),
      dropped,
      held: { memory: queue.payloads, disk: disk?.payloads ?? 0 },
    }),
  };
}
