/**
 * Hot path. What the kernel says of the sender of each datagram of a batch: its credentials, and its descriptor when that
 * is asked for (docs/behaviour/origin.md#socket-origin).
 *
 *   room, 64 bytes a slot
 *   0           8         12        16   20   24   (32)        (40)      (44)      (48)
 *   │length u64 │level i32│type i32 │pid │uid │gid │ length u64│level i32│type i32 │pidfd │
 *
 * Whoever sends may add descriptors of its own (SCM_RIGHTS): they take the place of the pidfd, and are closed. A pidfd is
 * open until release(), which every receive begins with.
 *
 * Users   origin detection and captures; the kernel is asked while one of them wants it.
 * Memory  64 bytes a slot, outside the shard's memory.
 */
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import {
  type Libc,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_PIDFD,
  SCM_RIGHTS,
  SO_PASSCRED,
  SOL_SOCKET,
} from '../system/libc.ts';
import type { MessageVector } from '../system/message-vector.ts';

const ROOM_BYTES = 64;
const ROOM_WORDS = ROOM_BYTES / 4;
const HEADER_BYTES = 16;
const ALIGNMENT = 8;
/** What credentials alone take. */
const CREDENTIALS_BYTES = 32;
const NO_PIDFD = -1;

export type CredentialUser = 'origin' | 'capture';

export class CredentialSlots {
  private readonly libc: Libc;
  private readonly vector: MessageVector;
  private readonly counters: ShardCounters;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly address: number;
  private readonly users = new Set<CredentialUser>();
  private readonly pids: Int32Array;
  private readonly uids: Uint32Array;
  private readonly gids: Uint32Array;
  private readonly pidfds: Int32Array;
  /** Messages of the batch that may have a pidfd that is open: those before this one. */
  private open = 0;

  constructor(libc: Libc, vector: MessageVector, counters: ShardCounters) {
    this.libc = libc;
    this.vector = vector;
    this.counters = counters;
    const { count } = vector;
    this.words = new Int32Array(count * ROOM_WORDS);
    this.view = new DataView(this.words.buffer);
    this.address = libc.address(this.words);
    this.pids = new Int32Array(count);
    this.uids = new Uint32Array(count);
    this.gids = new Uint32Array(count);
    this.pidfds = new Int32Array(count).fill(NO_PIDFD);
  }

  get isOn(): boolean {
    return this.users.size > 0;
  }

  /** Begins to ask at this socket, or ends it when nobody else wants it; between two receives. */
  want(user: CredentialUser, isWanted: boolean, fds: readonly number[]): void {
    if (isWanted) this.users.add(user);
    else this.users.delete(user);
    for (const fd of fds) this.libc.setOption(fd, SOL_SOCKET, SO_PASSCRED, this.isOn ? 1 : 0);
    for (let i = 0; i < this.vector.count; i++) {
      if (this.isOn) this.vector.setControl(i, this.address + i * ROOM_BYTES, ROOM_BYTES);
      else this.vector.setControl(i, 0, 0);
    }
  }

  /** Reads what came with the `count` messages from `first` on, which were just received, and gives the kernel the room back. */
  take(first: number, count: number): void {
    const words = this.words;
    for (let i = first; i < first + count; i++) {
      const word = i * ROOM_WORDS;
      const length = this.vector.controlLength(i);
      if (length === CREDENTIALS_BYTES && words[word + 3] === SCM_CREDENTIALS) {
        this.pids[i] = words[word + 4] as number;
        this.uids[i] = words[word + 5] as number;
        this.gids[i] = words[word + 6] as number;
      } else this.read(i, length);
      if ((this.vector.flags(i) & MSG_CTRUNC) !== 0) this.counters.add('originTruncated');
      this.vector.setControlLength(i, ROOM_BYTES);
    }
  }

  /** Closes the descriptors of the batch. */
  release(): void {
    for (let i = 0; i < this.open; i++) {
      const pidfd = this.pidfds[i] as number;
      if (pidfd !== NO_PIDFD) this.libc.close(pidfd);
      this.pidfds[i] = NO_PIDFD;
    }
    this.open = 0;
  }

  /** Process of the sender of message `i` in our pid namespace; 0 when it is not seen here, or nothing was said. */
  pid(i: number): number {
    return this.pids[i] as number;
  }

  uid(i: number): number {
    return this.uids[i] as number;
  }

  gid(i: number): number {
    return this.gids[i] as number;
  }

  /** Descriptor of that process, open until release(). */
  pidfd(i: number): number | undefined {
    const pidfd = this.pidfds[i] as number;
    return pidfd === NO_PIDFD ? undefined : pidfd;
  }

  /** Whatever is not credentials alone. */
  private read(i: number, length: number): void {
    const start = i * ROOM_BYTES;
    this.pids[i] = 0;
    this.uids[i] = 0;
    this.gids[i] = 0;
    for (let at = start; at + HEADER_BYTES <= start + length; ) {
      const bytes = Math.min(this.view.getUint32(at, true), start + length - at);
      if (bytes < HEADER_BYTES) return;
      const type = this.view.getInt32(at + 8, true) === SOL_SOCKET ? this.view.getInt32(at + 12, true) : 0;
      if (type === SCM_CREDENTIALS && bytes >= HEADER_BYTES + 12) {
        this.pids[i] = this.view.getInt32(at + 16, true);
        this.uids[i] = this.view.getUint32(at + 20, true);
        this.gids[i] = this.view.getUint32(at + 24, true);
      } else if (type === SCM_PIDFD && bytes >= HEADER_BYTES + 4) this.keepPidfd(i, at + HEADER_BYTES);
      else if (type === SCM_RIGHTS) this.closePassed(at + HEADER_BYTES, at + bytes);
      at += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    }
  }

  private keepPidfd(i: number, at: number): void {
    const pidfd = this.view.getInt32(at, true);
    // Of a process that older kernels can give no descriptor of any more.
    if (pidfd < 0) return;
    this.pidfds[i] = pidfd;
    this.open = Math.max(this.open, i + 1);
  }

  private closePassed(from: number, to: number): void {
    for (let at = from; at + 4 <= to; at += 4) {
      this.libc.close(this.view.getInt32(at, true));
      this.counters.add('originPassedDescriptors');
    }
  }
}
