/**
 * What the server tells systemd, or another supervisor that speaks its protocol (sd_notify): datagrams of lines to the
 * socket that NOTIFY_SOCKET names.
 *
 *   READY=1                       it listens
 *   STATUS=…                      one line for people, shown by systemctl status
 *   RELOADING=1, then READY=1     around a reload
 *   STOPPING=1                    it drains and delivers
 *   WATCHDOG=1                    twice in each WATCHDOG_USEC, while everything makes progress
 *
 * Watchdog  runs on the event loop of the control thread, so a hung control thread is silent by itself. Each listener thread
 *           publishes counters at least every 250 ms; one that has published nothing since the look before and for
 *           STALL_MS_MIN at least keeps the datagram from being sent. Silence is the message: the supervisor acts.
 * Failure   a supervisor that cannot be told is a line in the log at level debug; the server goes on.
 * Thread    the control thread. The variables are taken out of the environment: programs started from here are
 *           not the service.
 */
import {
  errnoName,
  type Libc,
  loadLibc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_DGRAM,
} from '../listeners/system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../listeners/system/sockaddr.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Threads publish at least every 250 ms; a watchdog shorter than this would act on a busy machine. */
const STALL_MS_MIN = 1000;

/** How far each listener thread has got: any number that changes while it makes progress. */
export type Heartbeats = () => readonly number[];

export interface SupervisorOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly log: Logger;
  readonly heartbeats: Heartbeats;
}

export class Supervisor {
  private readonly log: Logger;
  private readonly heartbeats: Heartbeats;
  private readonly channel: Channel | undefined;
  /** 0 when nobody watches. */
  private readonly watchdogMs: number;
  private watchdog: NodeJS.Timeout | undefined;
  private ticks: number[] = [];
  /** When each thread's ticker last changed, performance.now(). */
  private changedAt: number[] = [];
  private isStalled = false;

  constructor({ env, pid, log, heartbeats }: SupervisorOptions) {
    this.log = log;
    this.heartbeats = heartbeats;
    this.channel = openChannel(env.NOTIFY_SOCKET, log);
    this.watchdogMs = watchdogMsOf(env, pid);
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  }

  /** It listens; the watchdog begins. */
  ready(status: string): void {
    this.notify('READY=1', `STATUS=${status}`);
    if (this.channel === undefined || this.watchdogMs === 0) return;
    this.log.debug({ intervalMs: this.watchdogMs }, 'a supervisor watches');
    this.watch();
    this.watchdog = setInterval(() => this.watch(), this.watchdogMs);
  }

  status(text: string): void {
    this.notify(`STATUS=${text}`);
  }

  /** A reload begins; reloaded() has to follow, whatever comes of it. */
  reloading(): void {
    // The clock of hrtime is CLOCK_MONOTONIC, as the protocol asks.
    this.notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  reloaded(): void {
    this.notify('READY=1');
  }

  /** Stopping takes as long as `stop_timeout_seconds` allows; nobody is watched then. */
  stopping(): void {
    clearInterval(this.watchdog);
    this.notify('STOPPING=1', 'STATUS=Draining and delivering');
  }

  close(): void {
    clearInterval(this.watchdog);
    this.channel?.close();
  }

  private watch(): void {
    const now = performance.now();
    const longest = Math.max(this.watchdogMs, STALL_MS_MIN);
    const ticks = this.heartbeats();
    this.changedAt = ticks.map((ticker, i) =>
      ticker === this.ticks[i] ? (this.changedAt[i] as number) : now,
    );
    this.ticks = [...ticks];
    const stalled = this.changedAt.findIndex((at) => now - at > longest);
    if (stalled < 0) {
      this.isStalled = false;
      this.notify('WATCHDOG=1');
    } else if (!this.isStalled) {
      this.isStalled = true;
      this.log.error(
        { thread: stalled },
        'a listener thread makes no progress; no longer notifying the watchdog',
      );
    }
  }

  private notify(...lines: readonly string[]): void {
    this.channel?.send(lines.join('\n'));
  }
}

interface Channel {
  send(text: string): void;
  close(): void;
}

/** Undefined where nobody wants to be told, or nobody can be. */
function openChannel(address: string | undefined, log: Logger): Channel | undefined {
  if (address === undefined || address === '') return undefined;
  const cannot = (reason: string): undefined => {
    log.debug({ address, reason }, 'cannot tell the supervisor how it goes (NOTIFY_SOCKET)');
    return undefined;
  };
  if (!/^[/@]/.test(address)) return cannot('neither a path nor an abstract name');
  try {
    const sockaddr = sockaddrUnix(address);
    const libc = loadLibc();
    return makeChannel(libc, libc.socket(AF_UNIX, SOCK_DGRAM), sockaddr, cannot);
  } catch (error) {
    return cannot((error as Error).message);
  }
}

function makeChannel(
  libc: Libc,
  fd: number,
  sockaddr: Uint8Array,
  cannot: (reason: string) => undefined,
): Channel {
  let hasFailed = false;
  return {
    send: (text) => {
      const bytes = Buffer.from(text);
      const sent = libc.sendTo(fd, libc.address(bytes), bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, sockaddr);
      if (sent < 0 && !hasFailed) cannot(errnoName(-sent));
      hasFailed = sent < 0;
    },
    close: () => libc.close(fd),
  };
}

/** How often to say that all is well: half of what the supervisor waits; 0 when it does not watch this process. */
function watchdogMsOf({ WATCHDOG_USEC: usec, WATCHDOG_PID: forPid }: NodeJS.ProcessEnv, pid: number): number {
  if (usec === undefined || !/^\d+$/.test(usec)) return 0;
  if (forPid !== undefined && Number(forPid) !== pid) return 0;
  return Number(usec) === 0 ? 0 : Math.max(1, Math.floor(Number(usec) / 2000));
}
