/**
 * The stream thread: joins the shard with all stream listeners and runs it.
 *
 *   connections ─▶ StreamListeners ─▶ shard (join-shard.ts) ─▶ control thread
 *
 * The thread ends by itself when the control word says stop, all connections have ended and everything has
 * been sealed.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ShardMessage } from '../../model/shard-message.ts';
import { CORE_STATES } from '../../telemetry/counters/core-counters.ts';
import { CounterShares } from '../../telemetry/counters/counter-shares.ts';
import { StreamListeners } from '../stream/stream-listeners.ts';
import type { StreamSettings } from '../stream/stream-settings.ts';
import { loadLibc } from '../system/libc.ts';
import { joinShard } from './join-shard.ts';
import type { ListenerSettings } from './listener-settings.ts';

/** Runs the thread until its last connection has ended; what it hears and tells goes over `port`. */
export async function runStreams(
  settings: ListenerSettings,
  listener: StreamSettings,
  port: MessagePort,
): Promise<void> {
  const isNative = listener.listeners.some(({ socket }) => 'fd' in socket);
  const libc = isNative ? loadLibc() : undefined;
  const joined = joinShard(settings, port, libc, (message) => {
    if (message.kind === 'connections') {
      send({ kind: 'connections', request: message.request, view: streams.view() });
    } else if (message.kind === 'pass_connections') streams.leave(message.listeners);
    else if (message.kind === 'listen_again') void streams.listenAgain(message.listener);
    else if (message.kind === 'adopt') streams.adopt(message.listener, message.connection);
  });
  const { core, shard, control, clock, limiter, forwarder } = joined;
  const send = (message: ShardMessage): void => port.postMessage(message);
  const shares =
    listener.shares.length === 0
      ? undefined
      : new CounterShares(listener.shares, control, joined.coreCounters, CORE_STATES);
  const streams = new StreamListeners({
    settings: listener,
    packetBytesMax: settings.bufferBytes,
    libc,
    shard,
    control,
    clock,
    limiter,
    forwarder,
    get echoes() {
      return joined.echoes;
    },
    tap: joined.tap,
    ...(joined.origins && { origins: joined.origins }),
    send,
    takeRegion: (bytes) => core.takeRegion(bytes),
    memory: () => core.bytes,
    onAttention: joined.onAttention,
    onPacket: joined.echoPacket,
    afterBatch: (index) => {
      shares?.give(index);
      joined.afterBatch();
    },
  });
  await streams.listen();
  joined.ready();
  joined.warmUp.goOn();
  await streams.run();
  joined.stopped();
}
