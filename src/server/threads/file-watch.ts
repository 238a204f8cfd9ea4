/**
 * Looks after the files of Unix sockets while the server runs: one that was removed or replaced is bound again, said, and a
 * reason to be unhealthy for as long as that cannot be done.
 *
 * Thread  the control thread, at every tick.
 */
import type { PartHealth } from '../../http/health-report.ts';
import type { FileState } from '../../listeners/sockets/watched-file.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** A socket with a file. */
export interface Watched {
  /** `listener unixgram`, for health. */
  readonly name: string;
  readonly path: string;
  look(): FileState;
  /** Another socket has taken the place of `older`, which is to be closed. */
  restored(older: number): void;
}

interface Failure {
  readonly name: string;
  readonly path: string;
  readonly reason: string;
}

export class FileWatch {
  private readonly log: Logger;
  /** By name and path: several inherited listeners may be of one kind. */
  private readonly failed = new Map<string, Failure>();

  constructor(log: Logger) {
    this.log = log;
  }

  look(watched: Iterable<Watched>): void {
    for (const one of watched) {
      const { name, path } = one;
      const found = one.look();
      if (found.state === 'failed') this.fail(name, path, found.error.message);
      else this.failed.delete(keyOf(name, path));
      if (found.state !== 'restored') continue;
      one.restored(found.older);
      this.log.warn({ part: name, path }, 'a socket file had been removed or replaced; bound it again');
    }
  }

  health(): PartHealth[] {
    return [...this.failed.values()].map(({ name, path, reason }) => ({
      ...{ name, healthy: false },
      detail: `the file ${path} is gone or replaced, and cannot be bound again: ${reason}`,
    }));
  }

  /** Says it once for each reason. */
  private fail(name: string, path: string, reason: string): void {
    const key = keyOf(name, path);
    if (this.failed.get(key)?.reason === reason) return;
    this.failed.set(key, { name, path, reason });
    this.log.error(
      { part: name, path, reason },
      'a socket file was removed or replaced and cannot be bound again; new clients cannot reach the socket',
    );
  }
}

function keyOf(name: string, path: string): string {
  return `${name} ${path}`;
}
