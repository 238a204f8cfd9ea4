/**
 * A thread that sends packets of one count each until nobody takes them any more, or it is told to end. Plain JavaScript
 * on the built code, because Node 20 starts no thread from TypeScript.
 *
 *   counts   int32 for each sender: packets that the kernel took; the last one is set to end all
 */
import { workerData } from 'node:worker_threads';
import { FrameSender } from '../../../dist/bench/send-frames.js';
import { BatchSender } from '../../../dist/listeners/system/send-batch.js';

const { kind, index, counts, target, packets, pauseMs } = workerData;
const end = counts.length - 1;
const bytes = Buffer.from(`load.${kind}:1|c|#from:${kind}`);
const list = {
  bytes,
  offsets: new Uint32Array(packets),
  lengths: new Uint32Array(packets).fill(bytes.length),
};

const sender = kind === 'stream' ? new FrameSender(target) : new BatchSender(target);
while (Atomics.load(counts, end) === 0) {
  sender.send(list);
  Atomics.store(counts, index, sender.packets);
  if (sender.stoppedBy !== 0) break;
  if (pauseMs > 0) Atomics.wait(counts, end, 0, pauseMs);
}
sender.close();
