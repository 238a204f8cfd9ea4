/**
 * Writes a file that is there whole or not at all, whatever happens in between.
 *
 *   open NAME.tmp ─▶ write ─▶ fsync ─▶ rename to NAME ─▶ fsync of the folder
 *
 * What a killed process leaves behind ends in .tmp and is no file yet. When something fails the .tmp is
 * removed and the error thrown.
 */
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export const UNFINISHED_SUFFIX = '.tmp';
/** Pieces in one system call; the kernel takes 1,024. */
const PIECES_MAX = 512;

export async function writeWhole(folder: string, name: string, pieces: readonly Uint8Array[]): Promise<void> {
  const draft = join(folder, name + UNFINISHED_SUFFIX);
  const handle = await open(draft, 'wx', 0o600);
  try {
    try {
      for (let i = 0; i < pieces.length; i += PIECES_MAX) {
        await writeAll(handle, pieces.slice(i, i + PIECES_MAX));
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, join(folder, name));
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** Makes the names in a folder last; where folders cannot be synced the system does it in its own time. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const { bytesWritten } = await handle.writev(pieces);
  if (bytesWritten === bytes) return;
  // A disk that is nearly full takes a part; the next write says what is wrong.
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let at = 0; at < rest.length; ) {
    const written = await handle.write(rest, at);
    if (written.bytesWritten === 0) throw new Error('the file takes no more bytes');
    at += written.bytesWritten;
  }
}
