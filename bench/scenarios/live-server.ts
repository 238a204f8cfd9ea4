/** What the scenarios of the live views share: a server with HTTP, and the metric that sends most. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, inDirectory } from '../measure.ts';
import { ServerProcess, type ServerSetup } from '../processes.ts';

const POLL_MS = 100;
const KNOWN_MS_MAX = 30_000;

/** Runs `work` with a server that has a Unix socket alone. */
export function withLiveServer<Result>(
  bench: Bench,
  {
    flags = [],
    nodeFlags = [],
    inModules = false,
  }: Partial<Pick<ServerSetup, 'flags' | 'nodeFlags' | 'inModules'>>,
  work: (server: ServerProcess, url: string) => Promise<Result>,
): Promise<Result> {
  return inDirectory(async (directory) => {
    const server = await ServerProcess.start({
      ...{ directory, port: bench.port, receiveBufferBytes: 0, only: 'unix', nodeFlags, inModules },
      flags: [...flags, ...bench.serverFlags],
    });
    try {
      return await work(server, await server.url());
    } finally {
      server.kill();
    }
  });
}

/** The name of the metric with the most samples in the last 10 seconds. */
export async function largestMetric(url: string): Promise<string> {
  const response = await fetch(`${url}/api/top?by=samples&limit=1`);
  const { rows } = (await response.json()) as { readonly rows: readonly { readonly name?: string }[] };
  return rows[0]?.name ?? '';
}

/** The same, as soon as there is one: at the end of the first bucket, or of the first second somebody looks. */
export async function firstMetric(url: string): Promise<string> {
  for (const end = performance.now() + KNOWN_MS_MAX; performance.now() < end; await sleep(POLL_MS)) {
    const metric = await largestMetric(url);
    if (metric !== '') return metric;
  }
  throw new Error('no metric is known');
}
