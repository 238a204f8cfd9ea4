/**
 * Hot path. The clock of a listener thread: read once a batch, without making an object.
 *
 * A number that does not fit 31 bits is an object in JavaScript, and Date.now() makes one each time. At 20,000
 * batches a second that is a garbage collection every few seconds in a thread that does nothing new. So the
 * kernel writes the time into memory, and whoever wants it reads it there.
 *
 *   timespec   │ seconds int64 │ nanoseconds int64 │
 */
import type { Libc } from '../system/libc.ts';

export interface Clock {
  /** One number: Unix time as of the last tick(), seconds with fraction. */
  readonly seconds: Float64Array;
  tick(): void;
}

const NANOSECONDS = 1e-9;

/** The system's clock, by system call. */
export function systemClock(libc: Libc): Clock {
  const timespec = new Uint32Array(4);
  const address = BigInt(libc.address(timespec));
  const seconds = new Float64Array(1);
  return {
    seconds,
    tick: () => {
      libc.readClock(address);
      // The lower half of the seconds lasts until 2106.
      seconds[0] = (timespec[0] as number) + (timespec[2] as number) * NANOSECONDS;
    },
  };
}

/** The system's clock where no system calls can be made. */
export function portableClock(): Clock {
  const seconds = new Float64Array(1);
  return {
    seconds,
    tick: () => {
      seconds[0] = Date.now() / 1000;
    },
  };
}
