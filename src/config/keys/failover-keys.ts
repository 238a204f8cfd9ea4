/**
 * Keys of a second Datadog region that stands in for the first (docs/datadog.md#a-failover-region). The names are the Agent's.
 */
import { z } from 'zod';
import { datadogDeliveryKeys } from './datadog-delivery-keys.ts';
import { list, section, text, yesOrNo } from './key-types.ts';

export const failoverKeys = {
  multi_region_failover: section({
    enabled: yesOrNo(
      { default: false },
      {
        what: 'Knows a second Datadog region. What is sent there is said by `multi_region_failover.failover_metrics`.',
        trade:
          'Alone, it changes nothing: an Agent then sends the metadata of its host, which whippet does not have.',
        when: 'your organisation has a failover region.',
      },
    ),
    failover_metrics: yesOrNo(
      { default: false },
      {
        what: 'Sends metrics, events and service checks to the failover region as well. An Agent can be switched by Datadog; here it takes a restart.',
        trade: 'Everything is encoded and sent once more, with a queue, connections and files of its own.',
        when: 'the first region is failing, or you want the second one to be always up to date.',
      },
    ),
    api_key: datadogDeliveryKeys.api_key,
    site: text(
      { default: '', pattern: /^[a-z0-9.-]*$/i, patternText: 'such as datadoghq.eu' },
      {
        what: 'The site of the failover region. Data goes to `https://app.mrf.` and the site.',
        trade: 'A key is valid only at its own site.',
      },
    ),
    dd_url: datadogDeliveryKeys.dd_url,
    metric_allowlist: list(
      { default: [], item: z.string().min(1), itemText: 'names of metrics' },
      {
        what: 'Names of the series and distributions that the failover region gets, exactly as they are sent: `latency.max`, not `latency`. Empty means all.',
        trade: 'The rest is missing there. Events and service checks are not concerned.',
        when: 'the failover region is for the most important metrics only.',
      },
    ),
  }),
};
