/**
 * Entry of an intake thread for datagrams: joins the shard with the socket and runs it.
 *
 *   socket ─▶ slots ─▶ shard (joined-shard.ts) ─▶ control thread
 *
 * The thread ends by itself when the control word says stop and everything has been sealed.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { runDatagramLoop } from './datagram-loop.ts';
import type { IntakeSettings } from './intake-settings.ts';
import { joinShard } from './joined-shard.ts';
import { type Libc, loadLibc } from './libc.ts';
import { runPortableUdp } from './portable.ts';
import { ReceiveSlots } from './receive-slots.ts';

/** Datagrams a receive takes at most: 64 of 8 KiB stay in the processor's second-level cache. */
const BATCH_PACKETS = 64;
/** What the core reads beyond a packet. */
const PACKET_PADDING_BYTES = 128;

run(workerData as IntakeSettings, parentPort as MessagePort);

function run(settings: IntakeSettings, port: MessagePort): void {
  const { listener, bufferBytes } = settings;
  const libc = listener.kind === 'datagram' ? loadLibc() : undefined;
  const joined = joinShard(settings, port, libc);
  const { core, shard, control, clock, limiter, forwarder, echoPacket, afterBatch, onAttention } = joined;
  const shared = { shard, control, clock, limiter, forwarder, onAttention };

  if (listener.kind === 'datagram') {
    const slots = new ReceiveSlots(
      libc as Libc,
      BATCH_PACKETS,
      bufferBytes,
      (bytes) => core.takeRegion(bytes),
      () => core.bytes,
    );
    joined.ready();
    runDatagramLoop({
      ...shared,
      libc: libc as Libc,
      fd: listener.fd,
      slots,
      afterBatch: (received) => {
        for (let i = 0; joined.echoes && i < received; i++) {
          if (!echoPacket(slots.slotPtr(i), slots.length(i))) break;
        }
        afterBatch();
      },
    });
    joined.stopped();
  } else if (listener.kind === 'portable-udp') {
    runPortableUdp({
      ...shared,
      listener,
      bufferBytes,
      slotPtr: core.takeRegion(bufferBytes + PACKET_PADDING_BYTES),
      memory: () => core.bytes,
      afterPacket: (ptr, length) => {
        if (joined.echoes && length > 0) echoPacket(ptr, length);
        afterBatch();
      },
      ready: joined.ready,
      stopped: joined.stopped,
    });
  } else throw new TypeError('streams have an entry of their own');
}
