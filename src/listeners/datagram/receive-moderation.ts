/**
 * Hot path. Lets datagrams of UDP gather for a moment when they come one by one and fast, as network cards moderate their
 * interrupts: a thread that is woken for every few packets spends a third of its time with falling asleep and waking up.
 *
 *   over WAKE_UPS_MIN receives in a window, few packets in each ─▶ on ──▶ sleep SLEEP_US, then receive what has come
 *                         fewer than PACKETS_MIN a receive ◀── off ◀──
 *
 * Nothing is lost by it: it is off unless half of the socket's buffer holds what the fastest senders we have measured send
 * meanwhile, and a receive that brought many is followed by the next one at once. Unix sockets hold ten packets by default and
 * their senders wait, or give up: they are read without a pause.
 */

/** How long packets gather, us. The kernel adds up to its timer slack, 50 us. */
const SLEEP_US = 150;
/** Packets that can come in that time: 330,000 to 400,000 a second were seen on loopback. */
const GATHERED_MAX = 100;
/** Length of a window, s. */
const WINDOW_SECONDS = 0.01;
/** Receives in a window from which on it is worth it: 15,000 a second. */
const WAKE_UPS_MIN = 150;
/** Packets that a receive has to bring on average, so that the sleep pays. */
const PACKETS_MIN = 3;
/** A receive that brought this many is not followed by a sleep: the socket is behind, or soon will be. */
const PACKETS_MAX = 32;

export class ReceiveModeration {
  private readonly bufferBytes: number;
  private readonly sleep: (microseconds: number) => void;
  private isOn = false;
  private lastCount = 0;
  // The window under way.
  private since = 0;
  private receives = 0;
  private packets = 0;
  private lengthMax = 0;

  /** `bufferBytes` is the receive buffer that the kernel granted. */
  constructor(bufferBytes: number, sleep: (microseconds: number) => void) {
    this.bufferBytes = bufferBytes;
    this.sleep = sleep;
  }

  /** Called before a receive that may wait. */
  wait(): void {
    if (this.isOn && this.lastCount < PACKETS_MAX) this.sleep(SLEEP_US);
  }

  /** A receive has brought `count` packets, the first of them `length` bytes long, at `now` in Unix seconds. */
  note(count: number, length: number, now: number): void {
    this.lastCount = count;
    this.receives++;
    this.packets += count;
    if (count > 0 && length > this.lengthMax) this.lengthMax = length;
    // The system's clock may be set back.
    const passed = now - this.since;
    if (passed >= 0 && passed < WINDOW_SECONDS) return;
    this.decide(passed >= 0 && passed < 2 * WINDOW_SECONDS);
    this.since = now;
    this.receives = 0;
    this.packets = 0;
    this.lengthMax = 0;
  }

  private decide(isWhole: boolean): void {
    const perReceive = this.packets / this.receives;
    const isWorthIt = this.isOn
      ? perReceive >= PACKETS_MIN
      : this.receives >= WAKE_UPS_MIN && perReceive < PACKETS_MAX;
    this.isOn = isWhole && isWorthIt && GATHERED_MAX * memoryOf(this.lengthMax) <= this.bufferBytes / 2;
  }
}

/** What a datagram takes of the buffer at most, bytes: the kernel counts its own structures and the page it rounds up to. */
function memoryOf(length: number): number {
  return 1024 + 2 * length;
}
