/**
 * Who an edge is: an id that stays, and an epoch that is later at every start, kept in a file of `global.storage_path`.
 *
 *   FOLDER/edge.json   {"id":"4f0c…","epoch":1764370000000}
 *
 * Owners take a chunk of an earlier epoch for a repeat. So the epoch never goes back, not even with the clock. Without a
 * folder the id is a new one each time.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EDGE_ID_BYTES } from '../../global/chunk/chunk.ts';

const FILE = 'edge.json';

export interface EdgeIdentity {
  /** 16 characters, one a byte. */
  readonly id: string;
  readonly epoch: number;
}

/** `now` in milliseconds. Rejects when the folder cannot be written: a start without it would look like another edge. */
export async function readIdentity(folder: string, now: number): Promise<EdgeIdentity> {
  if (folder === '') return { id: randomBytes(EDGE_ID_BYTES).toString('latin1'), epoch: now };
  const path = join(folder, FILE);
  const known = parse(await readFile(path, 'utf8').catch(() => ''));
  const id = known?.id ?? randomBytes(EDGE_ID_BYTES).toString('hex');
  const epoch = Math.max(now, (known?.epoch ?? 0) + 1);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify({ id, epoch }));
  await rename(`${path}.new`, path);
  return { id: Buffer.from(id, 'hex').toString('latin1'), epoch };
}

function parse(text: string): EdgeIdentity | undefined {
  try {
    const { id, epoch } = JSON.parse(text) as Partial<EdgeIdentity>;
    const isId = typeof id === 'string' && /^[0-9a-f]{32}$/.test(id);
    return isId && typeof epoch === 'number' && Number.isFinite(epoch) ? { id, epoch } : undefined;
  } catch {
    return undefined;
  }
}
