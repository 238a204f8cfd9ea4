/**
 * Entry of the thread for packets that the control thread receives itself, over HTTP: joins the shard with the
 * messages that bring them.
 *
 *   control thread ──packet──▶ shard (joined-shard.ts) ─▶ control thread
 *
 * It is started when the first such packet comes, so that a server without them pays nothing. Unlike a thread that
 * receives it hears messages as events, at once.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { IntakeSettings, PacketRequest, ThreadMessage } from './intake-settings.ts';
import { joinShard } from './joined-shard.ts';

/** How often time passes and the control word is looked at, ms. */
const TICK_MS = 100;
/** What the core reads beyond a packet. */
const PACKET_PADDING_BYTES = 128;
/** Neither the rate of a socket nor the process of a sender is known. */
const NO_ORIGIN = 0;

run(workerData as IntakeSettings, parentPort as MessagePort);

function run(settings: IntakeSettings, port: MessagePort): void {
  const { listener } = settings;
  if (listener.kind !== 'handed') throw new TypeError(`not for this thread: ${listener.kind}`);
  const joined = joinShard(settings, port, undefined, (message) => {
    if (message.kind === 'packet') take(message);
  });
  const { core, shard, control, clock, forwarder, reports, afterBatch } = joined;
  const packetPtr = core.takeRegion(listener.packetBytesMax + PACKET_PADDING_BYTES);

  const take = ({ bytes, request }: PacketRequest): void => {
    const length = Math.min(bytes.length, listener.packetBytesMax);
    core.bytes.set(bytes.subarray(0, length), packetPtr);
    clock.tick();
    forwarder?.add(packetPtr, length, false);
    forwarder?.flush();
    control.counters.add('receiveCalls');
    shard.takePacket(packetPtr, length, NO_ORIGIN, length < bytes.length);
    if (joined.echoes) joined.echoPacket(packetPtr, length);
    if (shard.hasBacklog) shard.work();
    afterBatch();
    reports.answered(request);
  };
  port.on('message', (message: ThreadMessage) => {
    joined.takeMessage(message);
  });

  const turn = setInterval(() => {
    if (shard.hasBacklog) shard.work();
    clock.tick();
    shard.passTime();
    joined.onAttention();
    afterBatch();
    if (!control.stopRequested) return;
    clearInterval(turn);
    shard.finish();
    afterBatch();
    joined.stopped();
  }, TICK_MS);
  joined.ready();
}
