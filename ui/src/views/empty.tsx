/** What the overview is before anything arrived: how to send a first metric, and the listeners that wait for it. */
import type { StreamTick } from '../../../src/model/live/stream-views.ts';
import { plural } from '../format/numbers.ts';
import { SendLines } from '../parts/send-lines.tsx';
import { WireText } from '../parts/wire-text.tsx';
import { formatRoute } from '../router.ts';
import { nameOf } from './overview-tables.tsx';

export function EmptyOverview({ tick }: { readonly tick: StreamTick }) {
  return (
    <div class="hello">
      <h2>Nothing received yet</h2>
      <p class="mu lead">whippet listens. Send a first metric; it is here within a second.</p>
      <SendLines />
      <div class="listening">
        <h2 class="h">Listening on</h2>
        <table>
          <tbody>
            {tick.listeners.map((listener) => (
              <tr key={listener.listener}>
                <th scope="row" class="kind">
                  {nameOf(listener)}
                </th>
                <td class="m">
                  <WireText text={listener.addresses.join(', ')} />
                </td>
                <td class="r fa">{plural(listener.packets, 'packet')}</td>
              </tr>
            ))}
            {tick.notListening.map(({ listener, reason }) => (
              <tr key={`not ${listener}`}>
                <th scope="row" class="kind lo">
                  {listener}
                </th>
                <td class="lo" colSpan={2}>
                  does not listen: <WireText text={reason} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="sm mu hint">
          From a container or another machine, <code>127.0.0.1</code> is not this one: set{' '}
          <code>dogstatsd_non_local_traffic: true</code>. <a href={formatRoute('config')}>Configuration</a>
        </p>
      </div>
    </div>
  );
}
