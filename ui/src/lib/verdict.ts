/**
 * The sentence at the top of the overview and what needs attention below it, from one tick: the worst state first.
 *
 *   does not balance ▸ a part is down ▸ lost in the range ▸ over a limit ▸ grows ▸ rejected ▸ all is well
 *
 * Red is lost, amber is a client or a limit that has to change. Each item says what to do and where to look.
 */
import type { CardinalityView } from '../../../src/model/live/server-views.ts';
import type { LossView, StreamTick } from '../../../src/model/live/stream-views.ts';
import { count, plural, rate, share } from '../format/numbers.ts';
import { ago } from '../format/times.ts';
import { formatRoute } from '../router.ts';

export type Tone = 'ok' | 'wa' | 'lo';

export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
}

export interface Attention {
  readonly tone: 'wa' | 'lo';
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly link?: { readonly href: string; readonly text: string };
}

const ATTENTION_MAX = 4;
/** A metric grows when it has so many new contexts a minute; the server's bound. */
const GROWS_FROM = 100;

type Reports = Pick<CardinalityView, 'reports'> | undefined;

export function verdictOf(tick: StreamTick, limits: Reports, rangeS: number): Verdict {
  if (!tick.balanced)
    return { tone: 'lo', text: 'The ledger does not balance. This is a bug: please report it.' };
  const [down] = tick.notListening;
  if (down !== undefined) return { tone: 'lo', text: `${down.listener} does not listen.` };
  const ill = tick.outputs.find(({ healthy }) => !healthy);
  if (ill !== undefined) return { tone: 'lo', text: `The output ${ill.name} is not well.` };
  if (!tick.healthy) return { tone: 'lo', text: 'A part of the server is not well.' };
  const recent = recentLosses(tick, rangeS);
  if (recent.length > 0) return { tone: 'lo', text: lossSentence(recent, tick.at) };
  const [over] = activeReports(limits);
  if (over !== undefined) return { tone: 'wa', text: `${over.metric} is over ${over.key}.` };
  const [grower] = growers(tick);
  if (grower !== undefined) {
    return {
      tone: 'wa',
      text: `${grower.name} grows by ${plural(Math.round(grower.newPerMinute), 'context')} a minute.`,
    };
  }
  const rejected = rejectedRate(tick);
  if (rejected > 0) return { tone: 'wa', text: `${rate(rejected)} lines a second are rejected.` };
  return { tone: 'ok', text: 'Everything that came in is accounted for.' };
}

/** What needs someone to act, red before amber, at most four. */
export function attentionOf(tick: StreamTick, limits: Reports, rangeS: number): Attention[] {
  const all = [
    ...tick.notListening.map(
      ({ listener, reason }): Attention => ({
        tone: 'lo',
        key: `listener ${listener}`,
        title: `${listener} does not listen`,
        text: reason,
        link: { href: formatRoute('config', undefined, { q: listener }), text: 'Configuration' },
      }),
    ),
    ...tick.outputs
      .filter(({ healthy }) => !healthy)
      .map(
        ({ name, detail, lastError }): Attention => ({
          tone: 'lo',
          key: `output ${name}`,
          title: `${name} does not take data`,
          text: detail ?? lastError ?? 'The log says why.',
          link: { href: formatRoute('losses'), text: 'Losses' },
        }),
      ),
    ...recentLosses(tick, rangeS).map(
      (loss): Attention => ({
        tone: 'lo',
        key: `loss ${loss.stage} ${loss.name} ${loss.unit} ${loss.reason}`,
        title: `${unitsOf(loss.count, loss.unit)} lost ${placeOf(loss)}`,
        text: `${loss.help} ${sentence(loss.remedy)}`,
        link: { href: formatRoute('losses'), text: 'Losses' },
      }),
    ),
    ...activeReports(limits).map(
      ({ metric, key, tagKeys }): Attention => ({
        tone: 'wa',
        key: `limit ${metric} ${key}`,
        title: `${metric} is over ${key}`,
        text:
          tagKeys[0] === undefined
            ? 'What is beyond goes into one series of its own.'
            : `${tagKeys[0].key} has ${count(tagKeys[0].distinct)} values. What is beyond goes into one series.`,
        link: { href: formatRoute('cardinality', undefined, { metric }), text: 'See the rule' },
      }),
    ),
    ...growers(tick).map(({ name, newPerMinute, contexts, tagKey, tagValues }): Attention => {
      const saved = share(Math.max(0, contexts - contexts / Math.max(1, tagValues ?? 1)), tick.contexts);
      return {
        tone: 'wa',
        key: `grows ${name}`,
        title: `${name} grows: +${count(Math.round(newPerMinute))}/min`,
        text:
          tagKey === null
            ? `It has ${plural(contexts, 'context')}.`
            : `${tagKey} has ${count(tagValues)} values. Dropping it saves about ${saved} of all contexts.`,
        link: { href: formatRoute('cardinality', undefined, { metric: name }), text: 'See the rule' },
      };
    }),
    ...rejectedAttention(tick),
  ];
  return all.slice(0, ATTENTION_MAX);
}

/** Losses that grew within the range; those of before are on the view of losses. */
export function recentLosses({ losses, at }: StreamTick, rangeS: number): LossView[] {
  return losses.filter(({ lastAt }) => lastAt !== null && at - lastAt <= rangeS);
}

export function unitsOf(n: number, unit: string): string {
  return `${count(n)} ${n === 1 ? unit.replace(/s$/, '') : unit}`;
}

function lossSentence(losses: readonly LossView[], at: number): string {
  const [first] = losses;
  const unit = first?.unit ?? 'packets';
  const lost = losses.filter((loss) => loss.unit === unit).reduce((sum, loss) => sum + loss.count, 0);
  const last = Math.max(...losses.map(({ lastAt }) => lastAt ?? 0));
  return `${unitsOf(lost, unit)} ${lost === 1 ? 'was' : 'were'} lost, the last ${ago(at - last)}.`;
}

function placeOf({ stage, name }: LossView): string {
  const place = stage === 'kernel' || stage === 'listener' ? name : [stage, name].filter(Boolean).join(' ');
  return place === '' ? '' : `on ${place}`;
}

function rejectedAttention(tick: StreamTick): Attention[] {
  const perSecond = rejectedRate(tick);
  const [most] = tick.errors;
  if (perSecond <= 0) return [];
  return [
    {
      tone: 'wa',
      key: 'rejected',
      title: `${rate(perSecond)} lines/s are rejected`,
      text:
        most === undefined
          ? 'They cannot be understood.'
          : `Most: ${most.reason}, ${plural(most.count, 'line')} since the start.`,
      link: { href: formatRoute('tail', undefined, { q: 'outcome:rejected' }), text: 'See the lines' },
    },
  ];
}

/** Over ten seconds where the reasons tell, so that the sentence does not come and go with every second. */
function rejectedRate({ errors, rates }: StreamTick): number {
  const known = errors.reduce((sum, { perSecond }) => sum + perSecond, 0);
  return Math.max(known, errors.length > 0 ? rates.rejected : 0);
}

function growers({ growing }: StreamTick): StreamTick['growing'] {
  return growing.filter(({ newPerMinute }) => newPerMinute >= GROWS_FROM);
}

function activeReports(limits: Reports): CardinalityView['reports'] {
  return (limits?.reports ?? []).filter(({ active }) => active);
}

function sentence(text: string): string {
  return text === ''
    ? ''
    : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
