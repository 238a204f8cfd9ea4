/** What HTTP asks of the server, put together from its parts. */
import { listContexts, listMetrics, viewMetric } from '../../aggregate/contexts/context-list.ts';
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { ApiSource } from '../../http/api-source.ts';
import { FilterError, TrafficFilter } from '../../inspect/capture/filter.ts';
import type { CaptureService } from '../capture/capture-service.ts';
import { runInSlices } from '../slices.ts';
import type { MessageWatchers } from '../threads/message-watchers.ts';
import type { ProxiedPackets } from '../threads/proxied-packets.ts';

export interface ApiParts
  extends Pick<ApiSource, 'views' | 'reload' | 'flush' | 'live' | 'origins' | 'startReplay'> {
  readonly registry: Registry;
  readonly watchers: MessageWatchers;
  readonly proxied: ProxiedPackets;
  readonly captures: CaptureService;
}

export function makeApiSource({ registry, watchers, proxied, captures, ...others }: ApiParts): ApiSource {
  return {
    ...others,
    contexts: (query) => runInSlices(listContexts(registry, query)),
    metrics: (query) => runInSlices(listMetrics(registry, query)),
    metric: (name) => runInSlices(viewMetric(registry, name)),
    watchMessages: (watch) => watchers.add(watch),
    capture: {
      start: (order, sink) => captures.start(order, sink),
      stop: () => captures.stop(),
      view: () => captures.view(),
      checkFilter,
    },
    acceptPacket: (packet) => proxied.accept(packet),
    missPacket: (reason) => proxied.miss(reason),
    noteConnection: (isRefused) => proxied.connection(isRefused),
  };
}

function checkFilter(texts: readonly string[]): string | undefined {
  try {
    new TrafficFilter(texts);
    return undefined;
  } catch (error) {
    if (error instanceof FilterError) return error.message;
    throw error;
  }
}
