/** A level of global aggregation (docs/global.md), as its parts in the server share it. */
import type { GlobalLog } from '../../global/log/log.ts';
import type { Owner } from '../../global/owner/owner.ts';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { EdgeWatch } from './edge-watch.ts';
import { EdgesReports } from './edges-report.ts';
import { countsOf } from './global-report.ts';

/** Between two readings of a speed, at least. */
const SPEED_MS = 5000;

/** One level: its log, and its owner in this process when it has that role. */
export interface Level {
  /** 0 when there is one, 1 and 2 when there are two. */
  readonly number: number;
  /** Prefix of the names of its topics. */
  readonly topic: string;
  readonly partitions: number;
  /** It is of the log before `global.topic`. */
  readonly isFormer: boolean;
  readonly log: GlobalLog;
  readonly owned: OwnedLevel | undefined;
}

/** Its name in metrics and in the log: `0`, `1`, `2`, and `former 0` and so on. */
export function labelOf({ number, isFormer }: Pick<Level, 'number' | 'isFormer'>): string {
  return isFormer ? `former ${number}` : String(number);
}

/** An owner with those who look at it. */
export class OwnedLevel {
  readonly owner: Owner;
  readonly edges: EdgesReports;
  readonly watch: EdgeWatch;
  private readonly clock: Clock;
  private before = { at: 0, read: 0 };
  private speed = 0;

  constructor(
    owner: Owner,
    level: string,
    { clock, logger }: { readonly clock: Clock; readonly logger: Log },
  ) {
    this.owner = owner;
    this.edges = new EdgesReports(owner);
    this.watch = new EdgeWatch({ level, reports: this.edges, clock, logger });
    this.clock = clock;
  }

  async start(): Promise<void> {
    this.before = { at: this.clock.now(), read: countsOf(this.owner).read };
    this.watch.start();
    await this.owner.start();
  }

  async stop(): Promise<void> {
    this.watch.stop();
    await this.owner.stop();
  }

  /** Partials read a second, over the last seconds before it was asked for. */
  get partialsPerSecond(): number {
    const at = this.clock.now();
    const { at: before, read } = this.before;
    if (at - before < SPEED_MS) return this.speed;
    const now = countsOf(this.owner).read;
    this.speed = ((now - read) * 1000) / (at - before);
    this.before = { at, read: now };
    return this.speed;
  }
}
