/** What HTTP asks of the server, put together from its parts. */
import { listContexts, listMetrics, viewMetric } from '../aggregate/context-list.ts';
import type { Registry } from '../aggregate/registry.ts';
import type { ApiSource } from '../http/api-source.ts';
import type { HandedPackets } from './handed-packets.ts';
import type { MessageWatchers } from './message-watchers.ts';
import { runInSlices } from './slices.ts';

export interface ApiParts extends Pick<ApiSource, 'views' | 'reload' | 'flush'> {
  readonly registry: Registry;
  readonly watchers: MessageWatchers;
  readonly handed: HandedPackets;
}

export function makeApiSource({ registry, watchers, handed, ...others }: ApiParts): ApiSource {
  return {
    ...others,
    contexts: (query) => runInSlices(listContexts(registry, query)),
    metrics: (query) => runInSlices(listMetrics(registry, query)),
    metric: (name) => runInSlices(viewMetric(registry, name)),
    watchMessages: (watch) => watchers.add(watch),
    takePacket: (packet) => handed.take(packet),
  };
}
