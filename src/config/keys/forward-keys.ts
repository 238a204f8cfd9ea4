/** Keys of the Agent for sending every packet on to another server (docs/behaviour/listeners.md#forwarding). */
import { hostName } from './host-name.ts';
import { integer } from './key-types.ts';

export const forwardKeys = {
  statsd_forward_host: hostName(
    { default: '', portKey: 'statsd_forward_port', isOptional: true, takesZones: false },
    {
      what: 'Host to which every packet of every listener is forwarded over UDP, unchanged and before it is processed here. Needs `statsd_forward_port` too. The name is resolved again every 30 seconds.',
      trade:
        'A second server sees the same traffic. Packets it does not receive are lost to it and counted here; receiving never waits for it.',
      when: 'you are migrating from one server to another, or feed a second server.',
    },
  ),
  statsd_forward_port: integer(
    { default: 0, min: 0, max: 65535 },
    {
      what: 'UDP port to which packets are forwarded. `0` turns forwarding off.',
      trade: 'A port of this server would create a loop, so it is rejected as an error.',
      when: 'you set `statsd_forward_host`.',
    },
  ),
};
