/** Keys about what the server tells of itself. */
import { section, yesOrNo } from './key-types.ts';

export const telemetryKeys = {
  telemetry: section({
    dogstatsd: yesOrNo(
      { default: false },
      {
        what:
          'Sends what the server counts of itself to its outputs, under the names of the Agent: ' +
          '`datadog.agent.dogstatsd.udp_packets` and others (docs/ledger.md lists them).',
        trade:
          "Dashboards made for the Agent's telemetry work; about 25 more series. `/metrics` and `GET /api/ledger` " +
          'tell more, with this off too.',
        who: 'Whoever watches DogStatsD servers with Datadog.',
      },
    ),
  }),
};
