/**
 * Receivers of outputs in `whippet status`: whether each takes data, and what waits for it.
 *
 *   datadog https://app.datadoghq.com: down for 36 s, tried again in 3 s
 *     waiting      4 payloads of 16 items, 2.6 KiB, oldest 6.2 s
 *     on disk      120 payloads of 9,000 items, 3.1 MiB in 2 files, oldest 3 min 2 s
 *     delivered    1,234 payloads, the last 40 s ago
 *     lost         2 payloads of 20 items: memory_full
 *     last error   6.2 s ago: /api/v2/series: connect ECONNREFUSED 127.0.0.1:443
 *
 * Ages are by the clock of this machine.
 */
import type { Paint } from '../../lib/text/paint.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import { COLUMNS, formatCount, formatDuration, type StatusSection, wrap } from './section.ts';

const LABEL_COLUMNS = 13;
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

interface OutputView {
  readonly name: string;
  /** Those without a queue, as other outputs may have, are left out. */
  readonly endpoints: readonly (Endpoint | Partial<Endpoint>)[];
}

interface Amount {
  readonly payloads: number;
  readonly items: number;
  readonly bytes: number;
}

/** What is used here of an endpoint of `GET /api/outputs` (outputs/delivery/endpoint-status.ts); times are ms. */
interface Endpoint {
  readonly endpoint: string;
  readonly state: 'unblocked' | 'blocked' | 'half-blocked';
  readonly downSince?: number;
  readonly targets: readonly { readonly retryAt: number }[];
  readonly queue: Amount & { readonly oldestAgeSeconds: number };
  readonly disk?: Amount & { readonly files: number; readonly oldestAt?: number; readonly failing?: string };
  readonly lastError?: { readonly at: number; readonly text: string };
  readonly lastSuccessAt?: number;
  readonly counts: { readonly delivered: Readonly<Record<string, Amount>> };
  readonly losses: readonly (Amount & { readonly reason: string })[];
  readonly keys?: readonly { readonly key: string; readonly state: string }[];
}

export const outputsSection: StatusSection = outputsSectionAt(Date.now);

/** `now` is for tests: ms since 1970. */
export function outputsSectionAt(now: () => number): StatusSection {
  return {
    view: 'outputs',
    render: (answer, { paint }) =>
      (answer as readonly OutputView[]).flatMap(({ name, endpoints }) =>
        endpoints.filter(isEndpoint).flatMap((endpoint) => renderEndpoint(name, endpoint, now(), paint)),
      ),
  };
}

function isEndpoint(view: Endpoint | Partial<Endpoint>): view is Endpoint {
  return view.endpoint !== undefined && view.queue !== undefined && view.counts !== undefined;
}

function renderEndpoint(output: string, endpoint: Endpoint, now: number, paint: Paint): string[] {
  const { queue, disk, counts, losses, lastSuccessAt, lastError, keys = [] } = endpoint;
  const delivered = Object.values(counts.delivered).reduce((sum, one) => sum + one.payloads, 0);
  const last = lastSuccessAt === undefined ? '' : `, the last ${since(lastSuccessAt, now)} ago`;
  const lines: string[] = [
    ...stateLine(output, endpoint, now, paint),
    ...line('waiting', `${amount(queue)}, ${oldest(queue.payloads, queue.oldestAgeSeconds)}`),
  ];
  if (disk !== undefined) {
    const age = (now - (disk.oldestAt ?? now)) / 1000;
    const files = `in ${formatCount(disk.files)} ${disk.files === 1 ? 'file' : 'files'}`;
    const what = disk.payloads === 0 ? 'nothing' : `${amount(disk)} ${files}, ${oldest(disk.payloads, age)}`;
    lines.push(...line('on disk', what));
    if (disk.failing !== undefined) lines.push(...line('disk fails', disk.failing, paint));
  }
  lines.push(...line('delivered', `${payloads(delivered)}${last}`));
  if (losses.length > 0) lines.push(...line('lost', lossText(losses), paint));
  if (lastError !== undefined)
    lines.push(...line('last error', `${since(lastError.at, now)} ago: ${lastError.text}`));
  for (const { key, state } of keys)
    if (state === 'invalid') lines.push(...line('key', `${key} is refused by the intake`, paint));
  return lines;
}

function stateLine(
  output: string,
  { endpoint, state, downSince, targets, lastSuccessAt }: Endpoint,
  now: number,
  paint: Paint,
): string[] {
  const name = escapeControls(`${output} ${endpoint}`);
  if (state === 'unblocked') {
    const word = lastSuccessAt === undefined ? 'nothing sent yet' : 'up';
    return [`${paint('bold', elide(name, COLUMNS - 20))}: ${paint('green', word)}`];
  }
  const retryAt = Math.min(...targets.filter(({ retryAt }) => retryAt > 0).map(({ retryAt }) => retryAt));
  const next = Number.isFinite(retryAt) ? `tried again in ${since(now, retryAt)}` : 'tried now';
  const down = `down for ${since(downSince ?? now, now)}, ${next}`;
  return [`${paint('bold', elide(name, COLUMNS - down.length - 2))}: ${paint('red', down)}`];
}

function lossText(losses: Endpoint['losses']): string {
  const items = losses.reduce((sum, one) => sum + one.items, 0);
  const count = losses.reduce((sum, one) => sum + one.payloads, 0);
  const reasons = [...new Set(losses.map(({ reason }) => reason))].join(', ');
  return `${payloads(count)} of ${formatCount(items)} items: ${reasons}`;
}

function amount({ payloads: count, items, bytes }: Amount): string {
  return count === 0 ? 'nothing' : `${payloads(count)} of ${formatCount(items)} items, ${formatBytes(bytes)}`;
}

function payloads(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'payload' : 'payloads'}`;
}

function oldest(count: number, ageSeconds: number): string {
  return count === 0 ? '' : `oldest ${formatDuration(Math.max(ageSeconds, 0))}`;
}

function since(from: number, to: number): string {
  return formatDuration(Math.max(to - from, 0) / 1000);
}

/** A painted line is painted whole, after it was broken. */
function line(label: string, text: string, paint?: Paint): string[] {
  const clean = escapeControls(text).replace(/[ ,]+$/, '');
  const broken = wrap(clean, COLUMNS, ' '.repeat(LABEL_COLUMNS + 2)).map((one) => elide(one, COLUMNS));
  return broken.map((one, index) => {
    const whole = index === 0 ? `  ${padTo(label, LABEL_COLUMNS, 'right')}${one.trimStart()}` : one;
    return paint === undefined ? whole : paint('red', whole);
  });
}

/** `512 bytes`, `2.6 KiB`. */
function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${Number(value.toFixed(unit === 0 ? 0 : 1))} ${UNITS[unit]}`;
}
