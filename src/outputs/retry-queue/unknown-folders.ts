/**
 * Folders of retry files that belong to no endpoint of this configuration. The Agent removes them; here what is too
 * old goes and is counted in the log, and the rest stays, in case the endpoint comes back.
 */
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { LossCounts } from './loss-counts.ts';
import { RetryStore } from './retry-store.ts';

/** Never rejects. */
export async function sweepUnknownFolders(
  root: string,
  known: ReadonlySet<string>,
  { ageMaxMs }: { readonly ageMaxMs: number },
  around: { readonly clock: Clock; readonly random: () => number; readonly log: Log },
): Promise<void> {
  const names = await readdir(root).catch(() => []);
  for (const name of names.filter((one) => /^[0-9a-f]{32}$/.test(one) && !known.has(one))) {
    const folder = join(root, name);
    const losses = new LossCounts();
    const store = new RetryStore({
      folder,
      bytesMax: Infinity,
      diskRatioMax: 1,
      ageMaxMs,
      losses,
      ...around,
    });
    await store.open();
    const { payloads, files } = store.status;
    await store.close();
    if (files === 0) await rmdir(folder).catch(() => undefined);
    if (payloads > 0 || losses.total.payloads > 0) {
      around.log.warn(
        { folder, payloads, removedPayloads: losses.total.payloads },
        'retry files belong to an endpoint that is not configured; keeping them until they are too old (forwarder_outdated_file_in_days)',
      );
    }
  }
}
