/** Where the numbers of the ledger come from for DogStatsD over HTTP, before bodies are packets. */
import type { HttpCounts } from '../counters/http-counters.ts';
import type { LedgerEntry } from './ledger.ts';

/** Of what comes over HTTP, before it is packets: bodies of requests and the connections that carry them. */
export const HTTP_LEDGER: readonly LedgerEntry<HttpCounts>[] = [
  {
    ...{ unit: 'connections', outcome: 'received', reason: '', help: 'Connections that clients opened.' },
    count: ({ connections, connectionsRefused }) => connections + connectionsRefused,
  },
  {
    ...{
      unit: 'connections',
      outcome: 'accepted',
      reason: 'served',
      help: 'Connections that were accepted.',
    },
    count: ({ connections }) => connections,
  },
  {
    ...{ unit: 'connections', outcome: 'dropped', reason: 'limit' },
    help: 'Connections closed at once because the limit was reached.',
    remedy: 'look for clients that keep connections open without need',
    count: ({ connectionsRefused }) => connectionsRefused,
  },
  {
    ...{ unit: 'requests', outcome: 'received', reason: '', help: 'Requests that brought a body.' },
    count: ({ taken, tooLarge, noRoom, cut, forbidden, underWay }) =>
      taken + tooLarge + noRoom + cut + forbidden + underWay,
  },
  {
    ...{
      unit: 'requests',
      outcome: 'accepted',
      reason: 'taken',
      help: 'Bodies that were accepted; their lines are messages.',
    },
    count: ({ taken }) => taken,
  },
  lostRequests(
    'too_large',
    'Bodies larger than 4 MiB, refused with 413.',
    'split the data into several requests',
    ({ tooLarge }) => tooLarge,
  ),
  lostRequests(
    'no_room',
    'Bodies refused with 503 because too many were in flight.',
    'send fewer bodies at a time, or have the client try again',
    ({ noRoom }) => noRoom,
  ),
  lostRequests(
    'cut',
    'Bodies that did not arrive completely: broken off, too slow, or unreadable.',
    'look for clients that break off, and check what stands between them and the server',
    ({ cut }) => cut,
  ),
  lostRequests(
    'forbidden',
    'Bodies refused with 403: sent by a web page, or under the name of another machine.',
    'send to the address that http.host names',
    ({ forbidden }) => forbidden,
  ),
  {
    ...{ unit: 'requests', outcome: 'held', reason: 'under_way', help: 'Bodies that are being processed.' },
    count: ({ underWay }) => underWay,
  },
];

function lostRequests(
  reason: string,
  help: string,
  remedy: string,
  count: (counts: HttpCounts) => number,
): LedgerEntry<HttpCounts> {
  return { unit: 'requests', outcome: 'dropped', reason, help, remedy, count };
}
