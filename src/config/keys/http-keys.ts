/** The HTTP server: where it listens, who may ask it, and the ways it takes packets. */
import { hostName } from './host-name.ts';
import { integer, section, text, yesOrNo } from './key-types.ts';
import { socketPath } from './socket-path.ts';

export const httpKeys = {
  http: section({
    host: hostName(
      { default: '127.0.0.1', portKey: 'http.port' },
      {
        what: 'Address that the HTTP server binds to. It serves metrics for Prometheus, health checks and the API.',
        trade:
          '`0.0.0.0` lets other machines scrape. Anyone who can reach the port can then read `/metrics`; the API is open to other machines only with `http.token`.',
        when: 'you scrape from another machine or container.',
      },
    ),
    port: integer(
      { default: 8127, min: -1, max: 65535 },
      {
        what: 'TCP port of the HTTP server. `0` picks any free port, and the log says which. `-1` turns HTTP off.',
        trade: 'Turning it off saves a socket, but Prometheus and health checks then have nothing to query.',
        when: 'you run a second server on the same machine, or in tests (`0`).',
      },
    ),
    token: text(
      { default: '', pattern: /^[\x21-\x7e]*$/, patternText: 'visible ASCII characters without spaces' },
      {
        what: 'Token that requests to `/api/…` and `/-/…` must carry, as `Authorization: Bearer <token>`. When it is empty, these paths answer only on loopback addresses.',
        trade:
          'With a token, other machines can query and control the server. Anyone who has the token can reload and flush.',
        when: 'you use the API from another machine, or share the machine with people who should not have access.',
        conceal: (value) => (value === '' ? '' : '********'),
      },
    ),
    trace_agent_compat: yesOrNo(
      { default: false },
      {
        what: 'Also accepts DogStatsD packets on `/dogstatsd/v2/proxy` of TCP port 8126, where tracers send them to a trace agent.',
        trade:
          'Metrics from tracers arrive without configuration. No trace agent can run beside it, and traces are not accepted.',
        when: 'you use the metrics of a Datadog tracer without an Agent.',
      },
    ),
    proxy_socket: socketPath('stream', {
      what: 'Path of a Unix socket that accepts DogStatsD packets over HTTP, on `/dogstatsd/v2/proxy`. Empty turns it off.',
      trade:
        'Tracers in containers that mount the directory can use it. Anyone who can write to the socket can send metrics.',
      when: "your tracers use the trace agent's Unix socket.",
    }),
  }),
};
