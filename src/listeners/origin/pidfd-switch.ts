/**
 * When the kernel is asked for a descriptor of every sender: while there are so few packets that it costs nothing, and for a
 * while after a process was met that had gone before it was looked up. A descriptor costs half a microsecond a packet, and
 * is needed for processes that end right after they have sent.
 *
 *   packets of a window  ≤ QUIET_PACKETS ─▶ on        > QUIET_PACKETS ─▶ off, unless one was missed within MISSED_MS
 *
 * Thread  the listener thread's own.
 */
import { type Libc, SO_PASSPIDFD, SOL_SOCKET, SystemCallError } from '../system/libc.ts';

const WINDOW_MS = 100;
/** Packets in a window up to which descriptors are asked for: 10,000 a second. */
const QUIET_PACKETS = 1000;
const MISSED_MS = 10_000;

export class PidfdSwitch {
  isOn = false;
  /** The kernel has none. */
  isUnsupported = false;
  private readonly set: (isOn: boolean) => boolean;
  private windowAt = Number.NEGATIVE_INFINITY;
  private packets = 0;
  private missedAt = Number.NEGATIVE_INFINITY;

  /** `set` asks the kernel for descriptors, or no longer; false when it has none. */
  constructor(set: (isOn: boolean) => boolean) {
    this.set = set;
    this.turn(true);
  }

  /** A process had gone before it was looked up, and there was no descriptor of it. */
  missed(nowMs: number): void {
    this.missedAt = nowMs;
  }

  /** `packets` were received. */
  count(packets: number, nowMs: number): void {
    if (this.isUnsupported) return;
    if (nowMs - this.windowAt >= WINDOW_MS) {
      if (!this.isOn && this.packets <= QUIET_PACKETS) this.turn(true);
      this.windowAt = nowMs;
      this.packets = 0;
    }
    this.packets += packets;
    const isMissed = nowMs - this.missedAt < MISSED_MS;
    if (isMissed !== this.isOn && (isMissed || this.packets > QUIET_PACKETS)) this.turn(isMissed);
  }

  private turn(isOn: boolean): void {
    if (this.set(isOn)) this.isOn = isOn;
    else this.isUnsupported = true;
  }
}

/** Has a socket be given descriptors of senders, or no longer; false where the kernel has none. */
export function passPidfds(libc: Libc, fd: number, isOn: boolean): boolean {
  try {
    libc.setOption(fd, SOL_SOCKET, SO_PASSPIDFD, isOn ? 1 : 0);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}
