/** Keys about what the server tells of itself. */
import { section, yesOrNo } from './key-types.ts';

export const telemetryKeys = {
  telemetry: section({
    dogstatsd: yesOrNo(
      { default: false },
      {
        what: "Sends the server's own counters to its outputs, under the names the Agent uses: `datadog.agent.dogstatsd.udp_packets` and others (docs/ledger.md lists them).",
        trade:
          "Dashboards made for the Agent's telemetry work, for about 25 more series. `/metrics` and `GET /api/ledger` show more, and work with this off.",
        when: 'you monitor DogStatsD servers with Datadog.',
      },
    ),
  }),
};
