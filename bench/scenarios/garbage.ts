/**
 * Scenario `gc`: collections of garbage in the listener thread while it sees only lines it knows: none.
 */
import { type Bench, inDirectory, withSender } from '../measure.ts';
import { ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const CORPUS_BYTES = 16 << 20;
const WARM_UP_SECONDS = 3;

/**
 * Node.js prints every collection with the address of the heap it belongs to; the listener thread's heap is the
 * last one that appears. It is given time to learn the lines, then only repeats may come.
 */
export async function measureGarbage(bench: Bench): Promise<ScenarioResult[]> {
  const corpus = {
    shape: 'smp',
    bytes: Math.min(CORPUS_BYTES, bench.corpusBytes),
    packetBytesMax: 8192,
  } as const;
  return withSender(bench, corpus, (sender) =>
    inDirectory(async (directory) => {
      const setup = { directory, port: bench.port, receiveBufferBytes: 0, flags: bench.serverFlags } as const;
      const server = await ServerProcess.start({ ...setup, only: 'unix', nodeFlags: ['--trace-gc'] });
      try {
        await sender.send({ destination: server.unix, seconds: WARM_UP_SECONDS });
        const before = collections(server.output());
        const sent = await sender.send({ destination: server.unix, seconds: 2 * bench.seconds });
        const after = collections(server.output());
        await server.stop();
        const figures = {
          packets: sent.totals.packets,
          seconds: sent.seconds,
          collections: after.ofLastHeap - before.ofLastHeap,
          collectionsWhileLearning: before.ofLastHeap,
        };
        const seen = before.ofLastHeap > 0 && before.lastHeap === after.lastHeap;
        return [{ name: 'gc', figures, differences: [], pass: seen && figures.collections === 0 }];
      } finally {
        server.kill();
      }
    }),
  );
}

/** Collections in a log of --trace-gc, of the heap that was first seen last. */
function collections(log: string): { lastHeap: string; ofLastHeap: number } {
  const heaps = [...log.matchAll(/^\[\d+:(0x[0-9a-f]+)\].* ms: (?:Scavenge|Mark-Compact)/gm)].map(
    ([, heap]) => heap ?? '',
  );
  const lastHeap = [...new Set(heaps)].at(-1) ?? '';
  return { lastHeap, ofLastHeap: heaps.filter((heap) => heap === lastHeap).length };
}
