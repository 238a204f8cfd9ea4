/**
 * What a scrape sees of buckets that are still open.
 *
 *   scrape ─▶ threads seal a part, between two batches ─▶ parts are merged ─▶ open buckets ──look──▶ /metrics
 *
 * No thread stops for it: sealing a part is what a bucket's end does as well, and a thread that is still waiting for the
 * part before is left alone. Scrapes at the same time share one look.
 *
 * Not while a flush is under way, whose aggregates are neither in open buckets nor all written: the page then shows what it
 * knows, which is a moment old.
 */
import type { TimeSampler } from '../../aggregate/sampler.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { OpenValue } from '../../model/open-value.ts';
import type { Inbox } from '../threads/inbox.ts';
import type { Lookers } from './lookers.ts';

type Look = (value: OpenValue) => void;
type NeedsBins = ((id: number) => boolean) | undefined;

export interface OpenLookOptions {
  readonly lookers: Pick<Lookers, 'mergeOpen'>;
  readonly inbox: Pick<Inbox, 'run'>;
  readonly sampler: Pick<TimeSampler, 'lookSteps'>;
  /** Whether a flush has begun and not ended. */
  readonly isFlushing: () => boolean;
}

export class OpenLook {
  private readonly options: OpenLookOptions;
  private underWay: Promise<void> | undefined;

  constructor(options: OpenLookOptions) {
    this.options = options;
  }

  /** Gives everything in open buckets to `look`, with bins where they are needed. */
  refresh(look: (value: OpenValue) => void, needsBins?: (id: number) => boolean): Promise<void> {
    this.underWay ??= this.work(look, needsBins).finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private async work(look: Look, needsBins: NeedsBins): Promise<void> {
    const { lookers, inbox, isFlushing } = this.options;
    await lookers.mergeOpen();
    if (!isFlushing()) await inbox.run(() => this.lookSteps(look, needsBins));
  }

  /** As a job of the inbox: no flush takes a bucket between two of its steps. */
  private *lookSteps(look: Look, needsBins: NeedsBins): Steps {
    const { sampler, isFlushing } = this.options;
    if (!isFlushing()) yield* sampler.lookSteps(look, needsBins);
  }
}
