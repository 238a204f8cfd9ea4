/**
 * Watches one file for changes of its content, however it is written: in place, or as a new file moved to
 * its name, as editors and Kubernetes do. Several events in a row are one change.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Writers often need several steps; the change is reported when they have been quiet for this long, ms. */
const QUIET_MS = 200;

/** Calls `onChange` after each change; close() ends it. Throws when the file's folder cannot be watched. */
export function watchFile(path: string, onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const name = basename(path);
  const watcher: FSWatcher = watch(dirname(path), (_, changed) => {
    // Kubernetes moves a link called ..data that the file is reached through.
    if (changed !== null && changed !== name && changed !== '..data') return;
    clearTimeout(timer);
    timer = setTimeout(onChange, QUIET_MS);
  });
  return {
    close: () => {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
