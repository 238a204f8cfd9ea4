/**
 * Watches one file for changes of its content, however it is written: in place, or as a new file moved to
 * its name, as editors and Kubernetes do; also when it, its folder or a link on the way to it is removed and made again.
 *
 *   events of the folder ─┐
 *                         ├─▶ look: is it the same file with the same time and size? ─▶ onChange, once it is quiet
 *   every lookMs ─────────┘                                              none there? ─▶ onMissing, once
 *
 * Why  an event says at once what a look finds out later, and a watched folder that is replaced sends no more events. Where
 *      folders cannot be watched (no inotify watches left, some network file systems) looking alone has to do.
 */
import { type FSWatcher, type Stats, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Writers often need several steps; the change is reported when they have been quiet for this long, ms. */
const QUIET_MS = 200;
const LOOK_MS = 2000;

export interface FileWatchOptions {
  readonly onChange: () => void;
  /** The file is gone; onChange follows when there is one again. */
  readonly onMissing?: () => void;
  readonly lookMs?: number;
}

export interface FileWatch {
  readonly isMissing: boolean;
  close(): void;
}

/** Watches until close(). Never throws. */
export function watchFile(path: string, options: FileWatchOptions): FileWatch {
  return new Watch(path, options);
}

class Watch implements FileWatch {
  isMissing = false;
  private readonly path: string;
  private readonly options: FileWatchOptions;
  private seen: string | undefined;
  private watcher: FSWatcher | undefined;
  /** The folder that is watched. */
  private folder: string | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private readonly looking: NodeJS.Timeout;

  constructor(path: string, options: FileWatchOptions) {
    this.path = path;
    this.options = options;
    this.seen = versionOf(path);
    this.watchFolder();
    this.looking = setInterval(() => this.look(), options.lookMs ?? LOOK_MS);
  }

  close(): void {
    clearTimeout(this.quiet);
    clearInterval(this.looking);
    this.watcher?.close();
  }

  private look(): void {
    this.watchFolder();
    const version = versionOf(this.path);
    if (version === this.seen && !this.isMissing) return;
    if (version === undefined) {
      if (!this.isMissing) this.options.onMissing?.();
      this.isMissing = true;
      return;
    }
    this.isMissing = false;
    this.seen = version;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.settle(), QUIET_MS);
  }

  /** Reports the change, unless the writer has gone on. */
  private settle(): void {
    if (versionOf(this.path) === this.seen) this.options.onChange();
    else this.look();
  }

  /** Watches the folder that the path leads through now. */
  private watchFolder(): void {
    const folder = dirname(this.path);
    const version = identityOf(folder);
    if (this.watcher !== undefined && version === this.folder) return;
    this.watcher?.close();
    this.watcher = undefined;
    this.folder = version;
    if (version === undefined) return;
    try {
      this.watcher = watch(folder, () => this.look());
      this.watcher.on('error', () => {
        this.watcher?.close();
        this.watcher = undefined;
      });
    } catch {
      // Looking finds it out a little later.
    }
  }
}

/** Undefined when there is no file. */
function versionOf(path: string): string | undefined {
  const stats = statOf(path);
  return stats?.isFile() === true ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}` : undefined;
}

function identityOf(path: string): string | undefined {
  const stats = statOf(path);
  return stats && `${stats.dev}:${stats.ino}`;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
