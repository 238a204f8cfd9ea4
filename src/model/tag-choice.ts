/** Which tags are left of a context's: plain data, as rules declare it and enrichment applies it. */
import type { ByteString } from './text.ts';

/** Which tags a metric rule leaves (enrich/tags/tag-choice.ts). */
export interface TagChoice {
  /** Whether what is listed stays, and all else goes, or the other way round. */
  readonly keeps: boolean;
  readonly keys: ReadonlySet<ByteString>;
  /** Whole tags. */
  readonly tags: ReadonlySet<ByteString>;
}
