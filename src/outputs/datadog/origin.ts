/**
 * The metadata of a series or sketch: what kind of source it comes from, in the intake's numbers.
 *
 *   dogstatsd                    product 10, category 10, service 0
 *   a JMX check (enrich)         product 10, category 11, the service of the check; 9 for a custom one
 */

export interface Origin {
  readonly product: number;
  readonly category: number;
  readonly service: number;
}

/** The source of a metric that says nothing about it. */
export const DOGSTATSD = 'dogstatsd';

const PRODUCT_AGENT = 10;
const CATEGORY_DOGSTATSD = 10;
const CATEGORY_INTEGRATION = 11;
const SERVICE_NONE = 0;
const SERVICE_JMX_CUSTOM = 9;

const JMX_SERVICES: Readonly<Record<string, number>> = {
  activemq: 12,
  cassandra: 28,
  confluent_platform: 40,
  hazelcast: 70,
  hive: 73,
  hivemq: 74,
  hudi: 76,
  ignite: 83,
  jboss_wildfly: 87,
  kafka: 90,
  presto: 130,
  solr: 147,
  sonarqube: 148,
  tomcat: 163,
  weblogic: 172,
};

export function originOf(source: string): Origin {
  if (source === DOGSTATSD)
    return { product: PRODUCT_AGENT, category: CATEGORY_DOGSTATSD, service: SERVICE_NONE };
  const service = JMX_SERVICES[source] ?? SERVICE_JMX_CUSTOM;
  return { product: PRODUCT_AGENT, category: CATEGORY_INTEGRATION, service };
}
