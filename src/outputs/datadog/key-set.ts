/**
 * The keys of one intake. One of them may come from a file: when the intake refuses it, the file is read again, as it
 * may have another key by now.
 *
 *   request with key A ─▶ 403 ─▶ file, at most every REREAD_MS ─▶ key B: in the place of A, and the payload is sent again
 *                                                            └─▶ key A: the payload is refused for good
 *
 * Limits  a file is read in one turn of the event loop, at most once in REREAD_MS; what cannot be read changes nothing.
 */
import { readFileNow } from '../../lib/files/plain-file.ts';
import { findKey, nameDestination } from './api-key.ts';

const REREAD_MS = 10_000;
const KEY_BYTES_MAX = 64 * 1024;

/** A key that is the content of a file. */
export interface FileKey {
  readonly path: string;
  readonly key: string;
}

export class KeySet {
  readonly #keys: string[];
  #file: FileKey | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(keys: readonly string[], file?: FileKey) {
    this.#keys = [...keys];
    this.#file = file;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  /** What a payload is for, once for each key. */
  get destinations(): string[] {
    return this.#keys.map((_, index) => nameDestination(this.#keys, index));
  }

  find(destination: string): string | undefined {
    return findKey(this.#keys, destination);
  }

  /** The key that is in the place of a refused one now, when its file has another. */
  renew(refused: string, now: number): string | undefined {
    const file = this.#file;
    if (file?.key !== refused || Math.abs(now - this.#readAt) < REREAD_MS) return undefined;
    this.#readAt = now;
    const key = readKey(file.path);
    if (key === '' || this.#keys.includes(key)) return undefined;
    this.#file = { path: file.path, key };
    this.#keys[this.#keys.indexOf(refused)] = key;
    return key;
  }
}

/** Empty when the file cannot be read, as while it is replaced. */
function readKey(path: string): string {
  try {
    return readFileNow(path, { bytesMax: KEY_BYTES_MAX }).toString().trim();
  } catch {
    return '';
  }
}
