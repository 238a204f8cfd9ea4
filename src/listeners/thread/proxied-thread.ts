/**
 * The thread for packets that the control thread receives itself, over HTTP: joins the shard with the
 * messages that bring them.
 *
 *   control thread ──lines──▶ packets ──▶ shard (join-shard.ts) ─▶ control thread
 *
 * It is started when the first such packet comes, so that a server without them pays nothing. Unlike a thread that
 * receives it hears messages as events, at once.
 */

import type { MessagePort } from 'node:worker_threads';
import { UNKNOWN_SOURCE } from '../../lib/packet-segment.ts';
import { PACKET_PADDING_BYTES } from '../../model/core-border.ts';
import { cutLines } from '../stream/line-pieces.ts';
import { joinShard } from './join-shard.ts';
import type { ListenerSettings, PacketRequest, ProxiedSettings, ThreadMessage } from './listener-settings.ts';

/** How often time passes and the control word is looked at, ms. */
const TICK_MS = 100;
/** Neither the rate of a socket nor the process of a sender is known. */
const NO_ORIGIN = 0;

/** Runs the thread; what it hears and tells goes over `port`. */
export function runProxied(settings: ListenerSettings, listener: ProxiedSettings, port: MessagePort): void {
  const joined = joinShard(settings, port, undefined, (message) => {
    if (message.kind === 'packet') take(message);
  });
  const { core, shard, control, clock, forwarder, reports, afterBatch } = joined;
  const packetPtr = core.takeRegion(listener.packetBytesMax + PACKET_PADDING_BYTES);

  const takePiece = (bytes: Uint8Array): void => {
    const { length } = bytes;
    core.bytes.set(bytes, packetPtr);
    clock.tick();
    forwarder?.add(packetPtr, length, false);
    forwarder?.flush();
    control.counters.add('receiveCalls');
    shard.takePacket(packetPtr, length, NO_ORIGIN, false);
    if (joined.echoes) joined.echoPacket(packetPtr, length);
    if (joined.tap.isOn)
      joined.tap.take(packetPtr, length, clock.seconds[0] as number, false, UNKNOWN_SOURCE);
    if (shard.hasBacklog) shard.work();
    afterBatch();
  };
  const take = ({ bytes, request }: PacketRequest): void => {
    const tooLong = cutLines(bytes, listener.packetBytesMax, (start, end) =>
      takePiece(bytes.subarray(start, end)),
    );
    if (tooLong > 0) control.counters.add('linesTooLong', tooLong);
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
  joined.warmUp.goOn();
}
