/**
 * Watches the edges of an owner and tells of those whose clock is off or that have gone silent.
 *
 *   every LOOK_MS ─▶ EdgesReport ─▶ became skewed, became silent, is well again ─▶ a log line each
 *
 * Limits  a line for each edge and trouble once until it is over, and not again within AGAIN_MS; LINES_MAX lines a look, and one
 *         that counts the others. What is remembered are edges that the owner knows.
 */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { EdgeRow, EdgesReports } from './edges-report.ts';

const LOOK_MS = 5000;
const LINES_MAX = 10;
const AGAIN_MS = 600_000;

type Trouble = 'skewed' | 'silent';

interface Noted {
  readonly edge: string;
  readonly trouble: Trouble;
  isOn: boolean;
  toldAt: number;
}

export interface EdgeWatchOptions {
  readonly level: string;
  readonly reports: Pick<EdgesReports, 'at'>;
  readonly clock: Clock;
  readonly logger: Log;
}

export class EdgeWatch {
  /** Lines that were left out. */
  untold = 0;
  private readonly options: EdgeWatchOptions;
  private readonly noted = new Map<string, Noted>();
  private cancel: () => void = () => undefined;

  constructor(options: EdgeWatchOptions) {
    this.options = options;
  }

  start(): void {
    this.cancel = this.options.clock.after(LOOK_MS, () => {
      this.look();
      this.start();
    });
  }

  stop(): void {
    this.cancel();
  }

  /** Tells what has changed since the last look. */
  look(): void {
    const { reports, clock, logger, level } = this.options;
    const now = clock.now();
    const { skewed, silent, rows } = reports.at(now / 1000);
    const lines: (() => void)[] = [];
    const known = new Set<string>();
    const note = (row: EdgeRow, trouble: Trouble): void => {
      const key = `${trouble} ${row.edge}`;
      known.add(key);
      const noted = this.noted.get(key);
      if (noted?.isOn === true) return;
      if (noted !== undefined && now - noted.toldAt < AGAIN_MS) {
        noted.isOn = true;
        return;
      }
      this.noted.set(key, { edge: row.edge, trouble, isOn: true, toldAt: now });
      lines.push(() => logger.warn({ level, edge: row.edge, ...fieldsOf(row, trouble) }, SENTENCES[trouble]));
    };
    for (const row of skewed) note(row, 'skewed');
    for (const row of silent) note(row, 'silent');
    const edges = new Set(rows.map(({ edge }) => edge));
    for (const [key, noted] of this.noted) {
      if (known.has(key)) continue;
      const { edge, trouble } = noted;
      if (noted.isOn) {
        noted.isOn = false;
        if (edges.has(edge)) lines.push(() => logger.info({ level, edge }, WELL_AGAIN[trouble]));
      }
      // One that the owner has forgotten is forgotten here, unless it may come back at once.
      if (now - noted.toldAt >= AGAIN_MS) this.noted.delete(key);
    }
    for (const line of lines.slice(0, LINES_MAX)) line();
    const untold = lines.length - LINES_MAX;
    if (untold <= 0) return;
    this.untold += untold;
    logger.warn({ level, edges: untold }, 'more edges changed their clock or went silent; see /api/global');
  }
}

const SENTENCES: Readonly<Record<Trouble, string>> = {
  skewed: 'the clock of an edge is off; its data may be late or refused',
  silent: 'an edge has stopped sending',
};

const WELL_AGAIN: Readonly<Record<Trouble, string>> = {
  skewed: 'the clock of an edge is right again',
  silent: 'an edge sends again',
};

function fieldsOf({ skewSeconds, silentSeconds }: EdgeRow, trouble: Trouble): object {
  return trouble === 'skewed'
    ? { skewSeconds: Math.round(skewSeconds * 10) / 10 }
    : { silentSeconds: Math.round(silentSeconds) };
}
