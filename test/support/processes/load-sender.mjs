/**
 * A thread that sends packets of one count each until nobody takes them any more, or it is told to end. Plain JavaScript
 * on the built code, because Node 20 starts no thread from TypeScript.
 *
 *   counts   int32 for each sender: packets that the kernel took; the last one is set to end all
 */
import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { FrameSender } from '../../../dist/bench/send-frames.js';
import { BatchSender } from '../../../dist/listeners/system/send-batch.js';
import { parseUdpTable } from '../../../dist/listeners/system/socket-memory.js';

const { kind, index, counts, target, packets, pauseMs } = workerData;
const end = counts.length - 1;
const bytes = Buffer.from(`load.${kind}:1|c|#from:${kind}`);
const list = {
  bytes,
  offsets: new Uint32Array(packets),
  lengths: new Uint32Array(packets).fill(bytes.length),
};

const sender = kind === 'stream' ? new FrameSender(target) : new BatchSender(target);
/** Whether the kernel has room for more UDP: it holds 200 KiB by default, and drops the rest. */
const hasRoom = () =>
  kind !== 'udp' ||
  parseUdpTable(readFileSync('/proc/net/udp', 'latin1')).every(
    ({ port, queuedBytes }) => port !== target.port || queuedBytes < 65_536,
  );
while (Atomics.load(counts, end) === 0) {
  if (!hasRoom()) {
    Atomics.wait(counts, end, 0, 1);
    continue;
  }
  sender.send(list);
  Atomics.store(counts, index, sender.packets);
  if (sender.stoppedBy !== 0) break;
  if (pauseMs > 0) Atomics.wait(counts, end, 0, pauseMs);
}
sender.close();
