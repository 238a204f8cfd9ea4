/** Keys of the Agent for sending every packet on to another server (spec intake §5). */
import { integer, text } from './key-types.ts';

export const forwardKeys = {
  statsd_forward_host: text(
    {
      default: '',
      pattern: /^[^\s%]*$/,
      patternText: 'without spaces: an address without a zone, or a host name',
    },
    {
      what:
        'Host to which every packet of every listener is sent on over UDP, unchanged, before it is processed here. ' +
        'Needs `statsd_forward_port` too. A name is looked up again every 30 seconds.',
      trade:
        'A second server sees the same traffic. What it does not take is lost for it, and counted here; the intake ' +
        'never waits.',
      who: 'Whoever moves from one server to another, or feeds a second one.',
    },
  ),
  statsd_forward_port: integer(
    { default: 0, min: 0, max: 65535 },
    {
      what: 'UDP port to which packets are sent on. `0` turns forwarding off.',
      trade: 'Not a port of this server: packets would go round for ever, so that is an error.',
      who: 'Whoever sets `statsd_forward_host`.',
    },
  ),
};
