/**
 * Keys of an Observability Pipelines Worker, or a Vector, that metrics go through (docs/datadog.md#through-a-worker). The names are
 * the Agent's; the older one is used where the newer one is off.
 */
import { section, text, yesOrNo } from './key-types.ts';

function workerKeys(name: string) {
  return section({
    metrics: section({
      enabled: yesOrNo(
        { default: false },
        {
          what: `Sends series and distributions to ${name} instead of to the first intake. Events and service checks still go there, and further intakes get everything.`,
          trade: 'The worker can change, drop and route metrics. When it is down, they wait.',
          when: `you have ${name}.`,
        },
      ),
      url: text(
        {
          default: '',
          pattern: /^(https?:\/\/[^\s/]+\S*)?$/,
          patternText: 'that is an http or https URL',
        },
        {
          what: `URL of ${name}, such as \`http://127.0.0.1:8282\`.`,
          trade: 'It gets the API key of the first intake with each request.',
          when: `you have ${name}.`,
        },
      ),
      use_v3_api: section({
        series: yesOrNo(
          { default: false },
          {
            what: `Sends series to ${name} in columns, as \`use_v3_api.series\` does to intakes.`,
            trade: 'Payloads are smaller; older workers answer 404.',
            when: 'your worker knows the route.',
          },
        ),
      }),
    }),
  });
}

export const workerAgentKeys = {
  observability_pipelines_worker: workerKeys('the Observability Pipelines Worker'),
  vector: workerKeys('Vector'),
};
