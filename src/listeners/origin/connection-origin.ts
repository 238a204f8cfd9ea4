/**
 * Which container the bytes of a Unix stream connection come from: that of the process that has sent them, as the kernel says
 * of each piece. Where it says nothing, and for the process that has connected, it is the container of that process, found
 * once: it may end, or its number become another's, while the connection lives on.
 *
 * Thread  the stream thread.
 */
import type { ProcessAnswer } from '../../origin/process/process-resolver.ts';
import type { Libc } from '../system/libc.ts';
import type { Credentials, PacketOrigins } from './packet-origins.ts';
import type { PidfdSwitch } from './pidfd-switch.ts';

export class ConnectionOrigin {
  private readonly origins: PacketOrigins;
  private readonly peerPid: number;
  private readonly answer: ProcessAnswer;
  /** Who has sent what is read now; undefined for the process that has connected. */
  private other: Credentials | undefined;
  private _number = 0;
  private edition = -1;

  /** `fd` is the connection, `pid` the process that has connected it, 0 when it is not seen here. */
  constructor(origins: PacketOrigins, libc: Libc, fd: number, pid: number) {
    this.origins = origins;
    this.peerPid = pid;
    const pidfd = libc.peerPidfd(fd);
    try {
      this.answer = origins.containerOf(pid, pidfd);
    } finally {
      if (pidfd !== undefined) libc.close(pidfd);
    }
  }

  /** What is read from now on was sent by this process; `pidfd` is borrowed for the call. */
  turnTo(sender: Credentials, pidfd: number | undefined, pidfds: PidfdSwitch): void {
    const isPeer = sender.pid === 0 || (sender.pid === this.peerPid && !this.origins.isReplayed(sender));
    if (isPeer) {
      if (this.other !== undefined) this.edition = -1;
      this.other = undefined;
      return;
    }
    this.other = sender;
    this._number = this.origins.resolve(sender, pidfd, pidfds);
    this.edition = this.origins.edition;
  }

  /** The number for the shard; it changes with what is known of the container. */
  get number(): number {
    if (this.edition !== this.origins.edition) {
      this._number =
        this.other === undefined
          ? this.origins.numberOfAnswer(this.answer)
          : this.origins.resolve(this.other, undefined, undefined);
      this.edition = this.origins.edition;
    }
    return this._number;
  }
}
