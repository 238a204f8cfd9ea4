/** The HTTP server: where it listens, who may ask it, and the ways it takes packets. */
import { integer, section, text, yesOrNo } from './key-types.ts';

export const httpKeys = {
  http: section({
    host: text(
      { default: '127.0.0.1', pattern: /^\S+$/, patternText: 'without spaces: an address or a host name' },
      {
        what: 'Address the HTTP server binds: metrics for Prometheus, health and the API.',
        trade:
          '`0.0.0.0` lets other machines scrape. Everyone who reaches the port can then read `/metrics`; the API is open to them ' +
          'with `http.token` only.',
        who: 'Whoever scrapes from another machine or container.',
      },
    ),
    port: integer(
      { default: 8127, min: -1, max: 65535 },
      {
        what: 'TCP port of the HTTP server. `0` takes any free port, and the log says which. `-1` turns HTTP off.',
        trade: 'Off saves a socket; Prometheus and health checks then have nothing to ask.',
        who: 'Whoever runs a second server on the machine, and tests (`0`).',
      },
    ),
    token: text(
      { default: '', pattern: /^[\x21-\x7e]*$/, patternText: 'visible ASCII characters without spaces' },
      {
        what: 'Token that `/api/…` and `/-/…` ask for, as `Authorization: Bearer <token>`. Empty: they answer on loopback addresses only.',
        trade: 'With it other machines can look and control; whoever has it can reload and flush.',
        who: 'Whoever asks the API from another machine, or shares the machine with people who should not.',
        conceal: (value) => (value === '' ? '' : '********'),
      },
    ),
    trace_agent_compat: yesOrNo(
      { default: false },
      {
        what: 'Takes DogStatsD packets on `/dogstatsd/v2/proxy` of TCP port 8126 as well, where tracers send them to a trace agent.',
        trade:
          'Metrics of tracers arrive without configuration; no trace agent can run beside it, and traces are not taken.',
        who: 'Whoever uses the metrics of a Datadog tracer without an Agent.',
      },
    ),
    proxy_socket: text(
      { default: '' },
      {
        what: 'Path of a Unix socket that takes DogStatsD packets over HTTP, on `/dogstatsd/v2/proxy`; empty turns it off.',
        trade:
          'Reaches tracers in containers that mount the directory; whoever may write to the socket can send metrics.',
        who: "Whoever has tracers that use the trace agent's Unix socket.",
      },
    ),
  }),
};
