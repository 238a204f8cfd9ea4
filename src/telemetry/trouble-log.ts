/**
 * Watches counts of what should not happen and tells the log when an episode of it begins and when it is over.
 *
 * Thread  the control thread; the counts may be those of other threads.
 */

import { Episode, type EpisodeNews } from './episode.ts';
import type { Logger } from './logger.ts';

const WATCH_MS = 1000;

export interface Trouble {
  /** What happens, as the log says it: `no one listens at the forward target`. */
  readonly text: string;
  /** How often it has happened. */
  count(): number;
  /** What else to say when it begins. */
  fields?(): object;
}

export class TroubleLog {
  private readonly log: Logger;
  private readonly watched: readonly { readonly trouble: Trouble; readonly episode: Episode }[];
  private timer: NodeJS.Timeout | undefined;

  constructor(log: Logger, troubles: readonly Trouble[]) {
    this.log = log;
    this.watched = troubles.map((trouble) => ({ trouble, episode: new Episode(trouble.count()) }));
  }

  start(): void {
    this.timer = setInterval(() => this.look(), WATCH_MS);
    this.timer.unref();
  }

  /** Looks a last time and ends what is under way. */
  stop(): void {
    clearInterval(this.timer);
    this.look();
    for (const { trouble, episode } of this.watched) this.report(trouble, episode.end());
  }

  private look(): void {
    const now = performance.now();
    for (const { trouble, episode } of this.watched)
      this.report(trouble, episode.observe(trouble.count(), now));
  }

  private report(trouble: Trouble, news: EpisodeNews | undefined): void {
    if (news === undefined) return;
    if (news.kind === 'begins') this.log.warn(trouble.fields?.() ?? {}, trouble.text);
    else this.log.warn({ times: news.count, seconds: news.seconds }, `over: ${trouble.text}`);
  }
}
