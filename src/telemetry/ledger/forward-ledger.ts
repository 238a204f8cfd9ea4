/** Where the numbers of the ledger come from for packets that are forwarded to another server. */
import type { ForwardFailure } from '../counters/forward-counters.ts';
import type { ShardCounter } from '../counters/shard-counters.ts';
import type { ThreadCounts } from '../counters/thread-counts.ts';
import type { LedgerEntry } from './ledger.ts';

type Entry = LedgerEntry<ThreadCounts>;

/** Of every listener, while packets are forwarded. What fails is lost for the target; it is processed here all the same. */
export const FORWARD_LEDGER: readonly Entry[] = [
  packets('received', '', 'Packets to forward.', 'receivedPackets'),
  packets('accepted', 'sent', 'Packets that the kernel accepted.', 'forwardedPackets'),
  notSent(
    'refused',
    'The machine of the target reported that nothing listens there.',
    'start the server there, or correct statsd_forward_port',
  ),
  notSent(
    'would_block',
    'The send buffer, or the queue of the network device, is full.',
    'raise net.core.wmem_max, or send less',
  ),
  notSent(
    'too_long',
    'The packet is longer than 65,507 bytes, the most that a UDP datagram holds.',
    'lower dogstatsd_buffer_size, or the packet size of the client',
  ),
  notSent(
    'unreachable',
    'There is no route to the target, or the system does not allow it.',
    'check the routes and the firewall of this machine',
  ),
  notSent(
    'unresolved',
    'The name of the target has not been resolved yet.',
    'correct statsd_forward_host, or check the DNS server',
  ),
  notSent(
    'truncated',
    'The packet was truncated on receipt and contains no whole line.',
    'raise dogstatsd_buffer_size, or lower the packet size of the client',
  ),
  packets('held', 'unsent', 'Packets that Node has yet to send.', 'forwardUnsentPackets'),
];

function packets(outcome: Entry['outcome'], reason: string, help: string, counter: ShardCounter): Entry {
  return { unit: 'packets', outcome, reason, help, count: ({ counters }) => counters.get(counter) };
}

function notSent(reason: ForwardFailure, help: string, remedy: string): Entry {
  return { ...packets('dropped', reason, help, `forward:${reason}`), remedy };
}
