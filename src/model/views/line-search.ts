/** What somebody who watches messages looks for, as far as a listener thread can tell by the line alone. */
import type { ByteString } from '../text.ts';

export interface LineSearch {
  /** Texts that a line must hold, all of them. */
  readonly parts: readonly ByteString[];
  /** Only lines that are rejected. */
  readonly rejected: boolean;
}
