/**
 * Gives the results of a log that another one follows to whom they are for: those of buckets before the change to the outputs, those
 * of later ones, which edges with an older configuration still send, to the log that follows.
 *
 *   set ─▶ │ forwarded ─▶ LevelSink ─▶ partials of the log that follows
 *          └ the others ─▶ OutputSink
 *
 * A set that is handed on again is a repeat in the log that follows, like the results of a first level (level-sink.ts).
 */
import type { MergedSet } from '../../global/owner/merged-tail.ts';
import type { Acknowledgement, Handing, ResultSink } from '../../global/owner/owner-settings.ts';

export class FormerSink implements ResultSink {
  private readonly outputs: ResultSink;
  private readonly next: ResultSink;

  constructor(outputs: ResultSink, next: ResultSink) {
    this.outputs = outputs;
    this.next = next;
  }

  async deliver(set: MergedSet, handing: Handing): Promise<Acknowledgement | undefined> {
    const forwarded = set.results.filter(({ isForwarded }) => isForwarded);
    const ours = set.results.filter(({ isForwarded }) => !isForwarded);
    if (forwarded.length > 0) await this.next.deliver({ ...set, results: forwarded }, handing);
    if (forwarded.length > 0 && ours.length === 0) return { isDone: () => true };
    return this.outputs.deliver({ ...set, results: ours }, handing);
  }
}
