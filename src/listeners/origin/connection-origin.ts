/**
 * Which container the client of a Unix stream connection runs in: that of the process that has connected, found once. The
 * process may end, or its number become another's, while the connection lives on; what was found stays.
 *
 * Thread  the stream thread.
 */
import type { ProcessAnswer } from '../../origin/process/process-resolver.ts';
import type { Libc } from '../system/libc.ts';
import type { PacketOrigins } from './packet-origins.ts';

export class ConnectionOrigin {
  private readonly origins: PacketOrigins;
  private readonly answer: ProcessAnswer;
  private _number = 0;
  private edition = -1;

  /** `fd` is the connection, `pid` the process that has connected it, 0 when it is not seen here. */
  constructor(origins: PacketOrigins, libc: Libc, fd: number, pid: number) {
    this.origins = origins;
    const pidfd = libc.peerPidfd(fd);
    try {
      this.answer = origins.containerOf(pid, pidfd);
    } finally {
      if (pidfd !== undefined) libc.close(pidfd);
    }
  }

  /** The number for the shard; it changes with what is known of the container. */
  get number(): number {
    if (this.edition !== this.origins.edition) {
      this._number = this.origins.numberOfAnswer(this.answer);
      this.edition = this.origins.edition;
    }
    return this._number;
  }
}
