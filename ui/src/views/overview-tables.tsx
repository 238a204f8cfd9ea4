/** The tables of the overview: listeners, outputs, the busiest metrics. */
import type { OutputTick, StreamTick } from '../../../src/model/live/stream-views.ts';
import type { ListenerTraffic, MetricTraffic } from '../../../src/model/live/traffic-views.ts';
import { bytesText, count, rate } from '../format/numbers.ts';
import { ago, span } from '../format/times.ts';
import { Bytes } from '../parts/controls.tsx';
import { WireText } from '../parts/wire-text.tsx';
import { Spark, wholeCells } from '../plots/spark.tsx';
import { formatRoute } from '../router.ts';

const SPARK_WIDTH = 110;
const SPARK_WIDTH_PHONE = 84;

export function Listeners({ tick, isPhone }: { readonly tick: StreamTick; readonly isPhone: boolean }) {
  return (
    <section class="sec">
      <h2>Listeners</h2>
      {isPhone ? (
        tick.listeners.map((one) => <ListenerCard key={one.listener} listener={one} />)
      ) : (
        <div class="scroll-x">
          <table>
            <thead>
              <tr>
                <th scope="col">listener</th>
                <th scope="col">address</th>
                <th scope="col">5 min</th>
                <th scope="col" class="r">
                  lines/s
                </th>
                <th scope="col" class="r">
                  bytes
                </th>
                <th scope="col" class="r">
                  packets/s
                </th>
                <th scope="col" class="r">
                  kernel lost
                </th>
                <th scope="col" class="r">
                  backlog
                </th>
              </tr>
            </thead>
            <tbody>
              {tick.listeners.map((one) => (
                <ListenerRow key={one.listener} listener={one} />
              ))}
              {tick.notListening.map(({ listener, reason }) => (
                <tr key={`not ${listener}`}>
                  <td class="b lo">{listener}</td>
                  <td class="lo" colSpan={7}>
                    does not listen: <WireText text={reason} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function ListenerRow({ listener }: { readonly listener: ListenerTraffic }) {
  const { kernelLost, backlog } = listener;
  return (
    <tr>
      <td class="b">{nameOf(listener)}</td>
      <td class="m mu">
        <WireText text={listener.addresses.join(', ')} max={48} />
      </td>
      <td>
        <Spark values={listener.spark} width={SPARK_WIDTH} />
      </td>
      <td class="r b">{rate(listener.messagesPerSecond)}</td>
      <td class="r">
        <Bytes n={listener.bytesPerSecond} perSecond />
      </td>
      <td class="r">{rate(listener.packetsPerSecond)}</td>
      <td
        class={kernelLost !== null && kernelLost > 0 ? 'r lo b' : 'r fa'}
        title={kernelLost === null ? 'The system does not tell.' : undefined}
      >
        {count(kernelLost)}
      </td>
      <td class={backlog === 0 ? 'r fa' : 'r'}>{count(backlog)}</td>
    </tr>
  );
}

function ListenerCard({ listener }: { readonly listener: ListenerTraffic }) {
  return (
    <div class="row2">
      <div class="el">
        <b class="b">{nameOf(listener)}</b>{' '}
        <span class="mu sm">
          <WireText text={listener.addresses.join(', ')} />
        </span>
      </div>
      <div>
        <Spark values={listener.spark} width={SPARK_WIDTH_PHONE} />
      </div>
      <div class="sub">
        {bytesText(listener.bytesPerSecond)}/s, {rate(listener.packetsPerSecond)} packets/s
        {(listener.kernelLost ?? 0) > 0 && <span class="lo b">, {count(listener.kernelLost)} lost</span>}
      </div>
      <div class="b">
        {rate(listener.messagesPerSecond)}
        <span class="unit">/s</span>
      </div>
    </div>
  );
}

/** The kinds of sockets as most people call them. */
const NAMES: Readonly<Record<string, string>> = { unixgram: 'uds', unix: 'uds stream', named_pipe: 'pipe' };

export function nameOf({ listener }: Pick<ListenerTraffic, 'listener'>): string {
  return NAMES[listener] ?? listener;
}

export function Outputs({ tick }: { readonly tick: StreamTick }) {
  return (
    <section class="sec">
      <h2>Outputs</h2>
      {tick.outputs.length === 0 ? (
        <p class="mu">None is configured.</p>
      ) : (
        <ul class="outs">
          {tick.outputs.map((output) => (
            <OutputItem key={output.name} output={output} at={tick.at} />
          ))}
        </ul>
      )}
    </section>
  );
}

function OutputItem({ output, at }: { readonly output: OutputTick; readonly at: number }) {
  const { name, healthy, queue, oldestAgeSeconds, lastSuccessAt, lastError, detail } = output;
  const tone = !healthy ? 'lo' : queue > 0 && lastError !== null ? 'wa' : '';
  const words = [
    detail,
    lastError !== null && (queue > 0 || !healthy) ? lastError : null,
    queue > 0 && oldestAgeSeconds !== null ? `oldest ${span(Math.round(oldestAgeSeconds))}` : null,
    lastSuccessAt === null ? null : `sent ${ago(at - lastSuccessAt)}`,
  ].filter((one): one is string => one !== null && one !== '');
  return (
    <li>
      <i class={`dot ${tone}`} title={healthy ? 'well' : 'not well'} />
      <b class="b el">
        <WireText text={name} />
      </b>
      <span class={queue > 0 ? 'wa sm b' : 'mu sm'}>{queue > 0 ? `${count(queue)} wait` : 'queue 0'}</span>
      <p>{words.length === 0 ? healthy ? 'works' : 'does not work' : <WireText text={words.join(', ')} />}</p>
    </li>
  );
}

export function Busiest({ tick }: { readonly tick: StreamTick }) {
  return (
    <section class="sec">
      <h2>
        Busiest metrics{' '}
        <a class="go" href={formatRoute('metrics')}>
          all {count(tick.metrics)}
        </a>
      </h2>
      <div class="scroll-x">
        <table>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col">type</th>
              <th scope="col">5 min</th>
              <th scope="col" class="r">
                samples/s
              </th>
              <th scope="col" class="r">
                contexts
              </th>
            </tr>
          </thead>
          <tbody>
            {tick.top.rows.slice(0, 4).map((row) => (
              <BusyRow key={row.name} row={row} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function BusyRow({ row }: { readonly row: MetricTraffic }) {
  return (
    <tr>
      <td class="mn name-cell">
        <a class="plain" href={formatRoute('metrics', row.name)}>
          <WireText text={row.name} max={80} />
        </a>
      </td>
      <td class="ty">{row.types[0]}</td>
      <td>
        <Spark values={wholeCells(row.spark)} width={SPARK_WIDTH} />
      </td>
      <td class="r b">{rate(row.rates.s10)}</td>
      <td class="r">{count(row.contexts)}</td>
    </tr>
  );
}
