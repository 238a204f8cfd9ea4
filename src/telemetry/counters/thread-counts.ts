/** What one listener thread counted, as the control thread reads it. */
import type { PublishedCounters } from './control-word.ts';

export interface ThreadCounts extends PublishedCounters {
  /** The kind of its listener. */
  readonly listener: string;
}
