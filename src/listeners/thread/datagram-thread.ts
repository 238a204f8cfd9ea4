/**
 * A listener thread for datagrams: joins the shard with the socket and runs it.
 *
 *   socket ─▶ slots ─▶ shard (join-shard.ts) ─▶ control thread
 *
 * The thread ends by itself when the control word says stop and everything has been sealed.
 */

import type { MessagePort } from 'node:worker_threads';
import { UNKNOWN_SOURCE } from '../../lib/packet-segment.ts';
import { MSG_TRUNC, PACKET_PADDING_BYTES } from '../../model/core-border.ts';
import type { PacketTap } from '../capture/packet-tap.ts';
import { SenderSlots } from '../capture/sender-slots.ts';
import { runDatagramLoop } from '../datagram/datagram-loop.ts';
import { LookAhead } from '../datagram/look-ahead.ts';
import { runPortableUdp } from '../datagram/portable.ts';
import { ReceiveModeration } from '../datagram/receive-moderation.ts';
import { RECEIVED_MAX, ReceiveSlots } from '../datagram/receive-slots.ts';
import { CredentialSlots } from '../origin/credential-slots.ts';
import { PidfdSwitch, passPidfds } from '../origin/pidfd-switch.ts';
import { type Libc, loadLibc, SO_RCVBUF, SOL_SOCKET } from '../system/libc.ts';
import { type JoinedShard, joinShard } from './join-shard.ts';
import type { DatagramListener, ListenerSettings } from './listener-settings.ts';

/** Slots for a Unix socket, which is looked at again while a batch is processed (datagram-loop.ts). */
const UNIX_SLOTS = 256;

/** Runs the thread; what it hears and tells goes over `port`. */
export function runDatagrams(
  settings: ListenerSettings,
  listener: DatagramListener,
  port: MessagePort,
): void {
  const { bufferBytes } = settings;
  const libc = listener.kind === 'datagram' ? loadLibc() : undefined;
  const older: number[] = [];
  const joined = joinShard(settings, port, libc, (message) => {
    if (message.kind === 'older_socket') older.push(message.fd);
  });
  const {
    core,
    shard,
    warmUp,
    tap,
    control,
    clock,
    limiter,
    forwarder,
    echoPacket,
    afterBatch,
    onAttention,
  } = joined;
  const shared = { shard, control, clock, limiter, forwarder, onAttention };

  if (listener.kind === 'datagram') {
    const isUnix = (libc as Libc).getSocketName(listener.fd).family === 'unix';
    const slots = new ReceiveSlots(
      libc as Libc,
      isUnix ? UNIX_SLOTS : RECEIVED_MAX,
      bufferBytes,
      (bytes) => core.takeRegion(bytes),
      () => core.bytes,
    );
    const findOrigins = isUnix ? askSenders(slots, joined, libc as Libc, listener.fd) : undefined;
    const senders = new SenderSlots(libc as Libc, listener.fd, slots.vector, slots.credentials);
    joined.ready();
    runDatagramLoop({
      ...shared,
      warmUp,
      libc: libc as Libc,
      fd: listener.fd,
      older,
      isBorrowed: listener.borrowed === true,
      slots,
      findOrigins,
      moderation: isUnix ? undefined : moderate(libc as Libc, listener.fd),
      lookAhead: isUnix ? new LookAhead() : undefined,
      afterBatch: (received) => {
        for (let i = 0; joined.echoes && i < received; i++) {
          if (!echoPacket(slots.slotPtr(i), slots.length(i))) break;
        }
        if (tap.isOn || senders.isOn) capture(received, slots, senders, tap, clock.seconds[0] as number);
        afterBatch();
      },
    });
    joined.stopped();
  } else {
    runPortableUdp({
      ...shared,
      listener,
      bufferBytes,
      slotPtr: core.takeRegion(bufferBytes + PACKET_PADDING_BYTES),
      memory: () => core.bytes,
      afterPacket: (ptr, length) => {
        if (joined.echoes && length > 0) echoPacket(ptr, length);
        if (tap.isOn && length > 0) tap.take(ptr, length, clock.seconds[0] as number, false, UNKNOWN_SOURCE);
        afterBatch();
      },
      ready: () => {
        joined.ready();
        warmUp.goOn();
      },
      stopped: joined.stopped,
    });
  }
}

/** Lets packets of UDP gather where they come fast. */
function moderate(libc: Libc, fd: number): ReceiveModeration {
  const bufferBytes = libc.getOption(fd, SOL_SOCKET, SO_RCVBUF);
  return new ReceiveModeration(bufferBytes, (microseconds) => libc.sleep(microseconds));
}

/** Has the kernel say who sends, at a Unix socket; what finds their containers when that is wanted. */
function askSenders(
  slots: ReceiveSlots,
  { core, control, origins }: JoinedShard,
  libc: Libc,
  fd: number,
): ((first: number, received: number) => void) | undefined {
  const credentials = new CredentialSlots(libc, slots.vector, control.counters);
  slots.credentials = credentials;
  if (origins === undefined) return undefined;
  credentials.want('origin', true, [fd]);
  slots.useOrigins(
    (bytes) => core.takeRegion(bytes),
    () => core.bytes,
  );
  const pidfds = new PidfdSwitch((isOn) => passPidfds(libc, fd, isOn));
  return (first, received) => origins.resolveBatch(first, received, credentials, slots.origins, pidfds);
}

/** Copies the batch that was just received; between two receives it begins or ends to ask who sends. */
function capture(
  received: number,
  slots: ReceiveSlots,
  senders: SenderSlots,
  tap: PacketTap,
  seconds: number,
): void {
  if (tap.isOn && tap.isSpent(seconds)) {
    let bytes = 0;
    for (let i = 0; i < received; i++) bytes += slots.length(i);
    tap.leaveOut(received, bytes);
  } else if (tap.isOn) {
    for (let i = 0; i < received; i++) {
      const isCut = (slots.flags(i) & MSG_TRUNC) !== 0;
      tap.take(
        slots.slotPtr(i),
        slots.length(i),
        seconds,
        isCut,
        senders.isOn ? senders.of(i) : UNKNOWN_SOURCE,
      );
    }
  }
  if (senders.isOn !== tap.isOn) senders.turn(tap.isOn);
  else senders.prepare();
}
