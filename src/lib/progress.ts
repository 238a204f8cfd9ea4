/**
 * Progress of something longer than a second, on a terminal: one line that is written over, and removed at the end.
 *
 *   reading day.dog  ████████░░░░░░░░  52 %  310 MiB  3 s left
 *
 * Writes nothing where nobody looks (no terminal), nor in the first second.
 */

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** What is being done: `reading day.dog`. */
  readonly label: string;
  /** Milliseconds, from any beginning. */
  readonly clock?: () => number;
}

const FIRST_MS = 1000;
const EVERY_MS = 200;
const BAR_COLUMNS = 16;

export class Progress {
  private readonly options: ProgressOptions;
  private readonly clock: () => number;
  private readonly startedAt: number;
  private nextAt: number;
  private isShown = false;

  constructor(options: ProgressOptions) {
    this.options = options;
    this.clock = options.clock ?? (() => performance.now());
    this.startedAt = this.clock();
    this.nextAt = this.startedAt + FIRST_MS;
  }

  /** Shows how far it has come: `share` from 0 to 1, or undefined when nobody knows; `detail` such as `310 MiB`. */
  update(share: number | undefined, detail: string): void {
    if (this.options.stream.isTTY !== true) return;
    const now = this.clock();
    if (now < this.nextAt) return;
    this.nextAt = now + EVERY_MS;
    const parts = [this.options.label];
    if (share !== undefined) {
      const known = Math.min(Math.max(share, 0), 1);
      const full = Math.round(known * BAR_COLUMNS);
      parts.push(`${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}  ${Math.floor(known * 100)} %`);
      parts.push(detail);
      if (known > 0.01)
        parts.push(`${Math.ceil(((now - this.startedAt) * (1 - known)) / known / 1000)} s left`);
    } else parts.push(detail);
    this.options.stream.write(`\r\x1b[K${parts.filter((part) => part !== '').join('  ')}`);
    this.isShown = true;
  }

  /** Removes the line. */
  end(): void {
    if (this.isShown) this.options.stream.write('\r\x1b[K');
    this.isShown = false;
  }
}

/** `310 MiB`, `1.4 GiB`, `900 B`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
