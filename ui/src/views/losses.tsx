/** Losses and clients: the ledger as a picture, what was lost and what to do, what clients say beside what arrived. */
import { useEffect } from 'preact/hooks';
import type { HistoryAnswer } from '../../../src/model/live/series-views.ts';
import type { ClientsView, LedgerView } from '../../../src/model/live/server-views.ts';
import type { LossView } from '../../../src/model/live/stream-views.ts';
import { count, plural, share } from '../format/numbers.ts';
import { clock, span } from '../format/times.ts';
import { flowOf } from '../lib/flow.ts';
import { type Verdict as Sentence, unitsOf } from '../lib/verdict.ts';
import { Skeleton, usePhone } from '../parts/controls.tsx';
import { Page } from '../parts/page.tsx';
import { Verdict } from '../parts/verdict.tsx';
import { WireText } from '../parts/wire-text.tsx';
import { live } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { Flow } from './flow.tsx';

const EVERY_S = 2;

export function LossesView() {
  const { data: ledger } = useResource<LedgerView>('/api/ledger', EVERY_S);
  const { data: clients } = useResource<ClientsView>('/api/clients', 5);
  const { data: history } = useResource<HistoryAnswer>('/api/history?range=300', 10);
  const tick = useStore(live.shown);
  const isPhone = usePhone();
  useEffect(() => live.ask({ limit: 1 }), []);
  if (ledger === undefined) {
    return (
      <Page name="Losses and clients" title={<h1>Losses and clients</h1>}>
        <Skeleton />
      </Page>
    );
  }
  const lastAt = new Map((tick?.losses ?? []).map((loss) => [lossKey(loss), loss.lastAt]));
  const rows = lossRows(ledger, clients, lastAt);
  const up = span(Math.max(0, Math.floor(ledger.at - ledger.startedAt)));
  return (
    <Page name="Losses and clients" title={<h1>Losses and clients</h1>}>
      <Verdict verdict={sentenceOf(ledger, clients)} />
      <p class="under-verdict">
        Since the start, {up}.{' '}
        {ledger.balanced
          ? 'Every total balances.'
          : 'A total does not balance: this is a bug, please report it.'}{' '}
        {history !== undefined && lastMinutes(history)}
      </p>
      <Flow stages={flowOf(ledger, clients)} isPhone={isPhone} />
      <p class="sm fa">
        Each stage counts in its own unit, so bands show order and not amount. A colour means:{' '}
        <span class="lo">lost</span>, <span class="wa">the client has to change</span>,{' '}
        <span class="mu">left out because the configuration says so</span>, <span class="ac">waits</span>.
      </p>
      <Lost rows={rows} isPhone={isPhone} now={ledger.at} />
      <Clients clients={clients} />
    </Page>
  );
}

interface LossRow {
  readonly key: string;
  readonly where: string;
  readonly who: string;
  readonly reason: string;
  readonly n: number;
  readonly unit: string;
  readonly lastAt: number | null;
  readonly todo: string;
  readonly tone: 'lo' | 'wa';
}

/** Losses of the ledger, drops that clients tell of, and what never arrived; the largest first. */
function lossRows(
  ledger: LedgerView,
  clients: ClientsView | undefined,
  lastAt: ReadonlyMap<string, number | null>,
): LossRow[] {
  const rows: LossRow[] = ledger.losses.map((loss) => ({
    key: lossKey(loss),
    where: loss.stage,
    who: loss.name,
    reason: loss.reason,
    n: loss.count,
    unit: loss.unit,
    lastAt: lastAt.get(lossKey(loss)) ?? null,
    todo: `${loss.help} ${sentence(loss.remedy)}`,
    tone: 'lo',
  }));
  for (const { client, version, transport, counts, lastAt: at } of clients?.clients ?? []) {
    for (const [field, reason, todo] of CLIENT_DROPS) {
      const n = counts[field] ?? 0;
      if (n === 0) continue;
      const who = [client || 'a client', version].filter(Boolean).join(' ');
      rows.push({
        key: `client ${who} ${transport} ${reason}`,
        where: 'client',
        who,
        reason,
        n,
        unit: 'packets',
        lastAt: at,
        todo,
        tone: 'lo',
      });
    }
  }
  for (const { transport, missing } of clients?.transports ?? []) {
    if (missing === 0) continue;
    rows.push({
      key: `missing ${transport}`,
      where: 'network',
      who: transport,
      reason: 'missing',
      n: missing,
      unit: 'packets',
      lastAt: null,
      todo: 'The client says it sent them, and they never arrived: the network, or a client that died.',
      tone: 'wa',
    });
  }
  return rows.sort((a, b) => b.n - a.n);
}

const CLIENT_DROPS = [
  [
    'packets_dropped_queue',
    'queue_full',
    'Raise the queue of the client, or send over a Unix socket. Counted by the client itself.',
  ],
  [
    'packets_dropped_writer',
    'socket_full',
    'The socket of the client did not take them: send over a Unix socket, or send less. Counted by the client itself.',
  ],
] as const;

function lossKey({ stage, name, unit, reason }: Omit<LossView, 'lastAt'>): string {
  return [stage, name, unit, reason].join('\n');
}

function sentenceOf(ledger: LedgerView, clients: ClientsView | undefined): Sentence {
  if (!ledger.balanced)
    return { tone: 'lo', text: 'The ledger does not balance. This is a bug: please report it.' };
  const kernel = ledger.losses
    .filter(({ unit }) => unit === 'packets')
    .reduce((sum, loss) => sum + loss.count, 0);
  const said = (clients?.transports ?? []).reduce((sum, one) => sum + one.clientsDropped + one.missing, 0);
  const arrived = ledger.totals
    .filter(({ stage, unit }) => stage === 'listener' && unit === 'packets')
    .reduce((sum, account) => sum + account.received, 0);
  const lost = kernel + said;
  if (lost > 0) {
    const all = arrived + lost;
    return {
      tone: 'lo',
      text: `${count(lost)} of ${unitsOf(all, 'packets')} did not arrive: ${share(lost, all)}.`,
    };
  }
  const [first] = ledger.losses;
  if (first !== undefined)
    return { tone: 'lo', text: `${unitsOf(first.count, first.unit)} were lost after they arrived.` };
  return { tone: 'ok', text: 'Nothing was lost.' };
}

/** What happened of late, in a sentence. */
function lastMinutes({ total }: HistoryAnswer): string {
  const of = (values: readonly (number | null)[]): number =>
    values.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  const parts = [
    [of(total.rejected), 'rejected'],
    [of(total.filtered), 'filtered'],
    [of(total.dropped), 'dropped'],
  ] as const;
  const told = parts.filter(([n]) => n > 0).map(([n, word]) => `${count(n)} ${word}`);
  const lost = of(total.kernelLost);
  if (lost > 0) told.push(`${plural(lost, 'packet')} lost by the kernel`);
  if (of(total.messages) === 0 && lost === 0) return 'Nothing came in within the last 5 minutes.';
  const messages = plural(of(total.messages), 'line');
  return `In the last 5 minutes: ${messages}${told.length === 0 ? ', all of them accepted' : `, ${told.join(', ')}`}.`;
}

function Lost({
  rows,
  isPhone,
  now,
}: {
  readonly rows: readonly LossRow[];
  readonly isPhone: boolean;
  readonly now: number;
}) {
  return (
    <section class="sec">
      <h2>What was lost, and what to do</h2>
      {rows.length === 0 ? (
        <p class="ok">Nothing was lost since the start.</p>
      ) : isPhone ? (
        <ul class="att">
          {rows.map((row) => (
            <li key={row.key}>
              <i class={`dot ${row.tone}`} />
              <div>
                <b>
                  {unitsOf(row.n, row.unit)}{' '}
                  <span class="fa light">
                    {row.where} <WireText text={row.who} />, {row.reason}
                  </span>
                </b>
                <p>{row.todo}</p>
              </div>
            </li>
          ))}
        </ul>
      ) : (
        <div class="scroll-x">
          <table class="losses-table">
            <thead>
              <tr>
                <th scope="col">where</th>
                <th scope="col">who</th>
                <th scope="col">reason</th>
                <th scope="col" class="r">
                  lost
                </th>
                <th scope="col" class="r">
                  last
                </th>
                <th scope="col" class="todo">
                  what to do
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key}>
                  <td class="b">{row.where}</td>
                  <td class="mu">
                    <WireText text={row.who} max={40} />
                  </td>
                  <td class="m">{row.reason}</td>
                  <td class={`r b ${row.tone}`}>
                    {count(row.n)}
                    <span class="unit">{row.unit}</span>
                  </td>
                  <td class="r mu">{row.lastAt === null ? '–' : clock(row.lastAt * 1000, now * 1000)}</td>
                  <td class="todo sm">{row.todo}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Clients({ clients }: { readonly clients: ClientsView | undefined }) {
  if (clients === undefined) return null;
  return (
    <section class="sec">
      <h2>
        What clients say{' '}
        <small>
          in packets; they tell every 10 s, after the fact. What arrived is known for each transport only
        </small>
      </h2>
      {clients.clients.length === 0 ? (
        <p class="mu">
          No client has told of itself yet. Datadog's clients do by default; the metrics are called{' '}
          <code>datadog.dogstatsd.client.*</code>.
        </p>
      ) : (
        <div class="scroll-x">
          <table class="clients-table">
            <thead>
              <tr>
                <th scope="col">transport, client</th>
                <th scope="col" class="r">
                  said sent
                </th>
                <th scope="col" class="r">
                  dropped there
                </th>
                <th scope="col" class="r wide">
                  arrived
                </th>
                <th scope="col" class="r wide">
                  kernel lost
                </th>
                <th scope="col" class="r">
                  missing
                </th>
              </tr>
            </thead>
            <tbody>{clients.transports.flatMap((row) => transportRows(row, clients))}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function transportRows(row: ClientsView['transports'][number], { clients }: ClientsView) {
  const isStream = row.listeners.every((one) => one !== 'udp' && one !== 'unixgram');
  const lost = (n: number) => (n > 0 ? 'r lo b' : 'r fa');
  return [
    <tr key={row.transport}>
      <td class="b">
        <WireText text={row.transport || 'unnamed'} max={40} />
      </td>
      <td class="r b">{count(row.clientsSent)}</td>
      <td class={lost(row.clientsDropped)}>{count(row.clientsDropped)}</td>
      <td class="r b wide">{count(row.received)}</td>
      <td class={`${lost(row.kernelDropped)} wide`}>{isStream ? '–' : count(row.kernelDropped)}</td>
      <td class={row.missing > 0 ? 'r wa b' : 'r fa'}>{count(row.missing)}</td>
    </tr>,
    ...clients
      .filter(({ transport }) => transport === row.transport)
      .map(({ client, version, counts }) => (
        <tr key={`${row.transport} ${client} ${version}`}>
          <td class="mu of-transport">
            <WireText text={[client || 'unnamed', version].filter(Boolean).join(' ')} max={60} />
          </td>
          <td class="r">{count(counts.packets_sent ?? 0)}</td>
          <td class={lost(counts.packets_dropped ?? 0)}>{count(counts.packets_dropped ?? 0)}</td>
          <td class="wide" />
          <td class="wide" />
          <td />
        </tr>
      )),
  ];
}

function sentence(text: string): string {
  return text === ''
    ? ''
    : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
