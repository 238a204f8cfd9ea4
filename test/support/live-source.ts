/** A LiveSource and an ApiSource that know nothing, for tests of everything else. */
import type { ApiSource } from '../../src/http/api-source.ts';
import type { LiveSource } from '../../src/http/live-source.ts';
import type { TotalColumns } from '../../src/model/live/series-views.ts';
import type { TopBounds } from '../../src/model/live/traffic-views.ts';
import { World } from '../../ui/mock/data.ts';

const BOUNDS: TopBounds = {
  ...{ askedSeconds: 10, coveredSeconds: 0, exact: 0, k: 0, n: 0, errorMax: 0, threads: 0 },
  leftOut: null,
};

const NO_TOTALS: TotalColumns = {
  ...{
    messages: [],
    samples: [],
    bytes: [],
    packets: [],
    newContexts: [],
    rejected: [],
    filtered: [],
    dropped: [],
  },
  kernelLost: [],
};

export function emptyLiveSource(own: Partial<LiveSource> = {}): LiveSource {
  return {
    top: async ({ by, offset }) => ({ by, at: 0, total: 0, offset, rows: [], bounds: BOUNDS }),
    series: async () => undefined,
    history: () => ({
      from: 0,
      step: 1,
      cells: 0,
      total: NO_TOTALS,
      byListener: {},
      contexts: [],
      events: [],
      spikes: [],
    }),
    tick: async () => ({
      json: JSON.stringify(new World({ metrics: 0, isEmpty: true }, 0).tick(0, new URLSearchParams())),
    }),
    stream: () => undefined,
    explain: async () => ({ messages: [], unterminated: 0, leftOut: 0 }),
    configDiff: async () => ({ valid: true, problems: [], warnings: [], changes: [] }),
    without: async () => undefined,
    agentStats: async () => ({}),
    dump: () => [''],
    ...own,
  };
}

/** What the API asks, answered with nothing where a test does not say. */
export function emptyApiSource(source: Partial<ApiSource> = {}): ApiSource {
  const page = { total: 0, page: 1, perPage: 50, rows: [] };
  return {
    views: {},
    contexts: async () => page,
    metrics: async () => page,
    metric: async () => undefined,
    origins: () => {
      throw new Error('nobody asks for origins here');
    },
    startReplay: () => 'off',
    watchMessages: () => undefined,
    live: emptyLiveSource(),
    reload: async () => ({ ok: false, problems: ['there is nothing to reload'] }),
    flush: async () => 0,
    acceptPacket: async () => true,
    missPacket: () => undefined,
    noteConnection: () => undefined,
    capture: {
      start: () => 'stopping',
      stop: () => false,
      view: () => ({ running: null }),
      checkFilter: () => undefined,
    },
    ...source,
  };
}
