/**
 * Who sent each datagram of a batch, asked for only while packets are captured: the address of UDP, the process of a
 * Unix socket (origin/credential-slots.ts).
 *
 *   before each receive   mmsghdr.name ─▶ room of its own        the kernel writes the used length over it
 *   after it              room ─▶ PacketSource
 *
 * Off, the kernel is given no room, so receiving costs what it always does.
 *
 * Memory  32 bytes a slot.
 */
import type { PacketSource } from '../../lib/packet-segment.ts';
import type { CredentialSlots } from '../origin/credential-slots.ts';
import type { Libc } from '../system/libc.ts';
import type { MessageVector } from '../system/message-vector.ts';

/** A sockaddr_in6 has 28 bytes. */
const ROOM_BYTES = 32;
const NOTHING = new Uint8Array(0);

export class SenderSlots {
  isOn = false;
  private readonly fd: number;
  private readonly vector: MessageVector;
  /** Those of a Unix socket. */
  private readonly credentials: CredentialSlots | undefined;
  private readonly room: Uint8Array;
  private readonly address: number;
  /** Given anew for every packet: valid until the next. */
  private readonly source: PacketSource = {
    pid: 0,
    uid: 0,
    gid: 0,
    listener: 0,
    peer: NOTHING,
    isSockaddr: false,
  };

  constructor(libc: Libc, fd: number, vector: MessageVector, credentials: CredentialSlots | undefined) {
    this.fd = fd;
    this.vector = vector;
    this.credentials = credentials;
    this.room = new Uint8Array(vector.count * ROOM_BYTES);
    this.address = libc.address(this.room);
  }

  /** Begins or ends to ask; between two receives. */
  turn(isOn: boolean): void {
    this.isOn = isOn;
    if (this.credentials !== undefined) {
      this.credentials.want('capture', isOn, [this.fd]);
      return;
    }
    for (let i = 0; i < this.vector.count; i++) {
      if (isOn) this.vector.setName(i, this.address + i * ROOM_BYTES, ROOM_BYTES);
      else this.vector.setName(i, 0, 0);
    }
  }

  /** Before each receive while it is on. */
  prepare(): void {
    if (this.credentials !== undefined) return;
    for (let i = 0; i < this.vector.count; i++) this.vector.setNameLength(i, ROOM_BYTES);
  }

  /** Who sent message `i` of the batch that was just received. Borrowed: valid until the next call. */
  of(i: number): PacketSource {
    const { source, vector, credentials } = this;
    if (credentials !== undefined) {
      source.pid = credentials.pid(i);
      source.uid = credentials.uid(i);
      source.gid = credentials.gid(i);
      return source;
    }
    const length = Math.min(vector.nameLength(i), ROOM_BYTES);
    source.peer = length === 0 ? NOTHING : this.room.subarray(i * ROOM_BYTES, i * ROOM_BYTES + length);
    source.isSockaddr = length > 0;
    return source;
  }
}
