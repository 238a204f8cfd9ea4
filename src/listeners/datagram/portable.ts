/**
 * UDP without system calls of our own: node:dgram, for systems other than Linux and where koffi cannot be
 * loaded. The same shard behind it; a fraction of the speed.
 *
 * Thread  a listener thread whose event loop runs; it looks at the control word on a timer.
 */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlWord } from '../../telemetry/counters/control-word.ts';
import type { PacketForwarder } from '../forward/packet-forwarder.ts';
import { holdBack } from '../memory/hold-back.ts';
import type { RateLimiter } from '../memory/rate-limiter.ts';
import type { Clock } from '../thread/clock.ts';
import type { ListenerShard } from '../thread/listener-shard.ts';

const TURN_MS = 100;
/** How long a stopping thread goes on receiving at most, ms. */
const STOP_DRAIN_MS = 2000;
/** Times around the event loop without a packet after which the socket is empty. */
const QUIET_ROUNDS = 3;
/** A round, ms: long enough for a datagram that is on its way through the system. */
const ROUND_MS = 5;

export interface PortableUdp {
  /** The port was found free by the control thread; it is given up and bound again here. */
  readonly listener: { readonly host: string; readonly port: number; readonly receiveBuffer: number };
  readonly shard: ListenerShard;
  readonly control: ControlWord;
  readonly clock: Clock;
  /** Undefined when they are off. */
  readonly limiter: RateLimiter | undefined;
  readonly forwarder: PacketForwarder | undefined;
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
export function runPortableUdp(loop: PortableUdp): void {
  const { listener, shard, control, clock, bufferBytes, slotPtr } = loop;
  const socket = createSocket({
    type: listener.host.includes(':') ? 'udp6' : 'udp4',
    ...(listener.receiveBuffer > 0 ? { recvBufferSize: listener.receiveBuffer } : {}),
  });
  const heldBack = { ...loop, afterBatch: () => loop.afterPacket(slotPtr, 0) };
  let received = 0;
  socket.on('message', (packet) => {
    received++;
    if (control.needsAttention()) loop.onAttention();
    // node:dgram delivers whole datagrams; what does not fit the buffer is cut as the kernel would cut it.
    const length = Math.min(packet.length, bufferBytes);
    packet.copy(loop.memory(), slotPtr, 0, length);
    control.counters.add('receiveCalls');
    clock.tick();
    loop.forwarder?.add(slotPtr, length, length < packet.length);
    loop.forwarder?.flush();
    shard.takePacket(slotPtr, length, 0, length < packet.length);
    loop.afterPacket(slotPtr, length);
    holdBack(heldBack);
  });
  socket.on('error', () => control.counters.add('receiveErrors'));
  socket.bind(listener.port, listener.host, loop.ready);

  const turn = setInterval(() => {
    if (shard.hasBacklog) shard.work();
    clock.tick();
    shard.passTime();
    if (control.needsAttention()) loop.onAttention();
    loop.afterPacket(slotPtr, 0);
    if (!control.stopRequested) return;
    clearInterval(turn);
    void stop();
  }, TURN_MS);

  /** Lets nothing more in, takes what the system holds, and ends. */
  const stop = async (): Promise<void> => {
    const { address, port } = socket.address();
    // Connected to itself it takes from no one else; their senders are told so.
    const self = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    await new Promise<void>((resolve) => {
      socket.once('error', () => resolve());
      socket.connect(port, self, resolve);
    });
    const deadline = performance.now() + STOP_DRAIN_MS;
    for (let quiet = 0; quiet < QUIET_ROUNDS && performance.now() < deadline; quiet++) {
      const before = received;
      await sleep(ROUND_MS);
      if (received !== before) quiet = -1;
    }
    socket.close();
    clock.tick();
    shard.finish();
    loop.afterPacket(slotPtr, 0);
    loop.stopped();
  };
}
