/** Recorded traffic as the input of a test server: every packet, with its sender, in the order of the file. */
import { CapturedTagger } from '../../inspect/capture/captured-tagger.ts';
import { TrafficFilter } from '../../inspect/capture/filter.ts';
import { TrafficFile } from '../../inspect/capture/traffic-file.ts';
import { trafficNotes } from '../../inspect/capture/traffic-notes.ts';
import type { Via } from './received.ts';
import type { Recorder } from './recorder.ts';

export interface PlayOptions {
  /** As `--filter` of `whippet replay`: `name=web.*`, `pid=77`, `after=10s`. */
  readonly filter?: readonly string[];
  /** Of a network recording: datagrams to this port; 8125 by default. */
  readonly port?: number;
}

export interface PlayedTraffic {
  readonly packets: number;
  /** What could not be read, a sentence each. */
  readonly notes: readonly string[];
}

const VIAS: readonly string[] = ['udp', 'unixgram', 'unix', 'tcp', 'http'] satisfies Via[];

export async function playTraffic(
  recorder: Recorder,
  path: string,
  { filter: texts = [], port }: PlayOptions,
): Promise<PlayedTraffic> {
  const filter = new TrafficFilter(texts);
  const file = new TrafficFile(path, port === undefined ? {} : { port });
  const tagger = new CapturedTagger(await file.readState(), recorder.tagger);
  const traffic = await file.open();
  let packets = 0;
  for await (const batch of traffic.batches) {
    for (const one of batch) {
      const record = filter.apply(one);
      if (record === undefined) continue;
      const via = VIAS.includes(record.listener) ? (record.listener as Via) : 'udp';
      recorder.accept(record.payload, via, { tagger, sender: tagger.senderOf(record.pid) });
      packets++;
    }
  }
  return { packets, notes: trafficNotes(traffic.facts()) };
}
