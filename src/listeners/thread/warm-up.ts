/**
 * Warm-up: lines that a listener thread runs through its cold path for nobody to hear of, so that the code is compiled when
 * packets come.
 *
 *   start ─▶ FIRST_LINES ─▶ ready, receive ──nothing to do──▶ eight lines more ─▶ … ─▶ LINES, its memory is given back
 *
 * A burst of uncached lines right after the start would otherwise meet code that is still being compiled: the
 * first thousand lines take ten times as long as later ones, and the kernel holds 2.8 ms of small
 * datagrams. The lines have every type and shape, so that all of the path is compiled. They go into a
 * shard of their own that is thrown away; nothing of them is ever counted or seen.
 *
 * Why     in two parts: all lines before the first receive took 150 ms, in which sockets that were bound already filled up.
 * Memory  that of the shard: 1 MiB at start, a few when it is given back.
 * Thread  the listener thread's own.
 */

/** Before the thread receives. */
export const FIRST_LINES = 1000;
/** The same for a thread that has run as many without its settings: each type and shape with them. */
export const FIRST_LINES_AGAIN = 104;
const LINES = 4000;
const LINES_A_PACKET = 8;
const TYPES = ['c', 'g', 'ms', 'd', 's', 'h', 'c', 'c'] as const;
const FIELDS = [
  '',
  '|@0.5',
  '',
  '|c:ci-0123456789abcdef',
  '|@0.1',
  '|T1656581400',
  '',
  '|e:it-false,cn-a,pu-b',
] as const;

export class WarmUp {
  private readonly ingest: (packet: string) => void;
  private readonly onEnd: () => void;
  private readonly packets = warmUpPackets();
  private pending = true;

  /** `ingest` runs a packet through the shard that is thrown away; `onEnd` throws it away. Runs the first lines. */
  constructor(ingest: (packet: string) => void, onEnd: () => void, firstLines = FIRST_LINES) {
    this.ingest = ingest;
    this.onEnd = onEnd;
    for (let lines = 0; lines < firstLines; lines += LINES_A_PACKET) this.step();
  }

  /** Whether there is more to run when there is nothing else to do. */
  get isPending(): boolean {
    return this.pending;
  }

  /** Runs a few lines more: a fraction of a millisecond. */
  step(): void {
    if (!this.pending) return;
    const { value: packet } = this.packets.next();
    if (packet !== undefined) this.ingest(packet);
    else {
      this.pending = false;
      this.onEnd();
    }
  }

  /** Runs the rest on the event loop, between whatever else there is to do. */
  goOn(): void {
    if (!this.pending) return;
    this.step();
    setImmediate(() => this.goOn()).unref();
  }
}

/** Runs the first lines, and no more follow. */
export function runFirstLines(ingest: (packet: string) => void): void {
  const packets = warmUpPackets();
  for (let lines = 0; lines < FIRST_LINES; lines += LINES_A_PACKET) ingest(packets.next().value as string);
}

/** Packets of uncached lines, a few known ones and a few broken ones. */
export function* warmUpPackets(): Generator<string> {
  for (let i = 0; i < LINES; i += LINES_A_PACKET) {
    let packet = '';
    for (let line = i; line < i + LINES_A_PACKET; line++) packet += `${warmUpLine(line)}\n`;
    yield packet;
  }
}

function warmUpLine(i: number): string {
  if (i % 97 === 0) return 'broken line';
  const number = i % 11 === 0 ? i - 11 : i;
  const tags = Array.from(
    { length: number % 9 },
    (_, tag) => `tag${tag}:value-${(number * 31 + tag) % 1009}`,
  );
  const type = TYPES[number % TYPES.length];
  const field = FIELDS[(number >> 3) % FIELDS.length];
  return `warm-up.metric.${number}:${number % 100}.${number % 10}|${type}${tags.length > 0 ? `|#${tags.join(',')}` : ''}${field}`;
}
