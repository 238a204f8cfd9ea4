/** What the Datadog output says at its end: what was lost, and where the rest is kept, each endpoint by name. */
import type { LeftAtStop } from '../delivery/endpoint.ts';
import type { DeliveryReport } from '../output.ts';

export interface EndpointLeft extends LeftAtStop {
  /** For people; without secrets. */
  readonly endpoint: string;
  /** Where its retry files are; undefined without a disk. */
  readonly folder: string | undefined;
}

/** `undelivered` is everything lost since the start, in series, sketches, events and checks. */
export function stopReport(undelivered: number, left: readonly EndpointLeft[]): DeliveryReport {
  const lost = left.filter((one) => one.lost.payloads > 0);
  const kept = left.filter((one) => one.kept.payloads > 0);
  const sum = (amounts: readonly { readonly items: number }[]): number =>
    amounts.reduce((total, { items }) => total + items, 0);
  const reasons = [
    ...(undelivered === 0
      ? []
      : [`${undelivered} series, sketches, events and checks could not be delivered to Datadog`]),
    ...lost.map(
      ({ endpoint, lost: { payloads, items } }) =>
        `${payloads} payloads with ${items} items for ${endpoint} were lost because the server stopped before they were delivered (forwarder_storage_max_size_in_bytes keeps them on disk)`,
    ),
  ];
  return {
    undelivered,
    lostAtStop: sum(lost.map((one) => one.lost)),
    keptOnDisk: sum(kept.map((one) => one.kept)),
    ...(reasons.length > 0 && { reason: reasons.join('; ') }),
    ...(kept.length > 0 && {
      kept: kept.map(
        ({ endpoint, folder, kept: { payloads, items } }) =>
          `${payloads} payloads with ${items} items for ${endpoint} wait in ${folder} for the next start`,
      ),
    }),
  };
}
