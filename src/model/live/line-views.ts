/**
 * Lines as they arrive (GET /api/messages, server-sent events) and what the server would make of them (POST
 * /api/explain).
 *
 * Plain data that crosses HTTP as JSON, for the page (ui/), `whippet top` and `whippet tail`. Times are Unix seconds, with a fraction
 * where it matters; `null` means "not known", never 0. Text is decoded for people: it is untrusted and may hold control characters.
 */
import type { ContextType } from '../context.ts';

export const TAIL_OUTCOMES = ['accepted', 'rejected', 'filtered', 'event', 'service_check'] as const;

export type TailOutcome = (typeof TAIL_OUTCOMES)[number];

/** One line as it arrived. */
export interface TailLine {
  /** The first 1,024 bytes. */
  readonly line: string;
  /** When the server picked it, Unix seconds with fraction. */
  readonly at: number;
  /** `udp`, `unixgram` … */
  readonly listener: string;
  readonly outcome: TailOutcome;
  /** Who sent it, as far as the line or the socket say; empty when unknown. */
  readonly origin: string;
  /** Metric name as delivered, title of an event, name of a check; empty for a rejected line. */
  readonly name: string;
  /** `counter` … for a metric. */
  readonly type: ContextType | 'event' | 'service_check' | null;
  /** Rejected: `metric:value`; filtered: what filtered it. Empty otherwise. */
  readonly reason: string;
  /** Rejected: the reason in words and what to do about it. */
  readonly words: string;
  readonly remedy: string;
  /** Rejected: offset of the trouble in characters of `line`, for the caret; else null. */
  readonly caret: number | null;
  /** Rejected: the line as it would be accepted, where that is plain; and the range of it that was changed. */
  readonly corrected: { readonly line: string; readonly start: number; readonly end: number } | null;
}

/**
 * `GET /api/messages?search&outcome&origin&type&name&tag`: event `messages`. `name` takes `*`; several outcomes or
 * types are separated by commas.
 */
export interface TailBatch {
  readonly messages: readonly TailLine[];
  /** Lines that fit, or may have, and are not shown: too many for a second, or this reader is slow. */
  readonly leftOut: number;
}

/** `POST /api/explain?source&origin&pid` with up to 100 lines as the body. */
export interface ExplainAnswer {
  readonly messages: readonly ExplainedLine[];
  /** Lines dropped because the last had no line feed, where dogstatsd_eol_required asks for one. */
  readonly unterminated: number;
  /** Lines beyond the first 100. */
  readonly leftOut: number;
}

export interface ExplainedLine {
  readonly line: string;
  readonly outcome: TailOutcome;
  readonly name: string;
  readonly reason: string;
  readonly words: string;
  readonly remedy: string;
  readonly caret: number | null;
  readonly corrected: TailLine['corrected'];
  /** The rows that `whippet explain` prints below the line: a label, shown once for rows that follow each other. */
  readonly steps: readonly {
    readonly label: string;
    readonly text: string;
    readonly tone: 'plain' | 'note' | 'error';
  }[];
  /** Exactly what `whippet explain` prints, without colour. */
  readonly text: string;
}
