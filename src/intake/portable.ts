/**
 * UDP without system calls of our own: node:dgram, for systems other than Linux and where koffi cannot be
 * loaded. The same shard behind it; a fraction of the speed.
 *
 * Thread  an intake thread whose event loop runs; it looks at the control word on a timer.
 */
import { createSocket } from 'node:dgram';
import type { ControlWord } from '../telemetry/control-word.ts';
import type { Clock } from './clock.ts';
import type { Forwarder } from './forwarder.ts';
import { holdBack } from './hold-back.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Shard } from './shard.ts';

const TURN_MS = 100;
/** How long a stopping thread lets the socket deliver what it holds, ms. */
const STOP_DRAIN_MS = 50;

export interface PortableUdp {
  /** The port was found free by the control thread; it is given up and bound again here. */
  readonly listener: { readonly host: string; readonly port: number; readonly receiveBuffer: number };
  readonly shard: Shard;
  readonly control: ControlWord;
  readonly clock: Clock;
  /** Undefined when they are off. */
  readonly limiter: RateLimiter | undefined;
  readonly forwarder: Forwarder | undefined;
  /** Called when the control thread has sent a message and asks for attention. */
  readonly onAttention: () => void;
  readonly bufferBytes: number;
  /** Where a packet is put in the shard's memory. */
  readonly slotPtr: number;
  readonly memory: () => Buffer;
  /** Called after every packet, and with length 0 at least every 100 ms. */
  readonly afterPacket: (ptr: number, length: number) => void;
  readonly ready: () => void;
  readonly stopped: () => void;
}

/** Receives until the control thread asks to stop. Throws, within the thread, when the socket fails to bind. */
export function runPortableUdp(intake: PortableUdp): void {
  const { listener, shard, control, clock, bufferBytes, slotPtr } = intake;
  const socket = createSocket({
    type: listener.host.includes(':') ? 'udp6' : 'udp4',
    ...(listener.receiveBuffer > 0 ? { recvBufferSize: listener.receiveBuffer } : {}),
  });
  const heldBack = { ...intake, afterBatch: () => intake.afterPacket(slotPtr, 0) };
  socket.on('message', (packet) => {
    if (control.needsAttention()) intake.onAttention();
    // node:dgram delivers whole datagrams; what does not fit the buffer is cut as the kernel would cut it.
    const length = Math.min(packet.length, bufferBytes);
    packet.copy(intake.memory(), slotPtr, 0, length);
    control.counters.add('receiveCalls');
    clock.tick();
    intake.forwarder?.add(slotPtr, length, length < packet.length);
    intake.forwarder?.flush();
    shard.takePacket(slotPtr, length, 0, length < packet.length);
    intake.afterPacket(slotPtr, length);
    holdBack(heldBack);
  });
  socket.on('error', () => control.counters.add('receiveErrors'));
  socket.bind(listener.port, listener.host, intake.ready);

  const turn = setInterval(() => {
    if (shard.hasBacklog) shard.work();
    clock.tick();
    shard.passTime();
    if (control.needsAttention()) intake.onAttention();
    intake.afterPacket(slotPtr, 0);
    if (!control.stopRequested) return;
    clearInterval(turn);
    setTimeout(() => {
      socket.close();
      clock.tick();
      shard.finish();
      intake.afterPacket(slotPtr, 0);
      intake.stopped();
    }, STOP_DRAIN_MS);
  }, TURN_MS);
}
