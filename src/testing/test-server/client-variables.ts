/**
 * The environment of a command that sends to a test server: what clients and frameworks of all languages read to know where
 * to send, and what of the parent's environment would send it elsewhere.
 *
 *   parent's environment ─ contradicting variables ─▶ + where the test server is ─▶ the command's
 *                                └ named, with their values
 *
 * An IPv6 address stands alone in a variable. In a URL or beside a port some clients cut it at its first colon, so the variables
 * that would hold it so are left out: those who read them read the host and the port as well.
 */
import { isIPv6 } from 'node:net';

export interface TestPlaces {
  /** As it was asked for: an address, a name, or all interfaces. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly socketPath: string | undefined;
  readonly streamSocketPath: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Pairs of host and port, and who reads them. */
const HOST_AND_PORT: readonly (readonly [host: string, port: string])[] = [
  // Go, Java, C#, PHP, Python, Ruby, Node (hot-shots), C++, Rust
  ['DD_AGENT_HOST', 'DD_DOGSTATSD_PORT'],
  // tracers, by their versions
  ['DD_DOGSTATSD_HOST', 'DD_DOGSTATSD_PORT'],
  ['DD_DOGSTATSD_HOSTNAME', 'DD_DOGSTATSD_PORT'],
  // pystatsd, Django, and by custom many others
  ['STATSD_HOST', 'STATSD_PORT'],
  ['DOGSTATSD_HOST', 'DOGSTATSD_PORT'],
  // Airflow, since 2.0 and before
  ['AIRFLOW__METRICS__STATSD_HOST', 'AIRFLOW__METRICS__STATSD_PORT'],
  ['AIRFLOW__SCHEDULER__STATSD_HOST', 'AIRFLOW__SCHEDULER__STATSD_PORT'],
  // Micrometer in Spring Boot 3 and 2, and in Quarkus
  ['MANAGEMENT_STATSD_METRICS_EXPORT_HOST', 'MANAGEMENT_STATSD_METRICS_EXPORT_PORT'],
  ['MANAGEMENT_METRICS_EXPORT_STATSD_HOST', 'MANAGEMENT_METRICS_EXPORT_STATSD_PORT'],
  ['QUARKUS_MICROMETER_EXPORT_STATSD_HOST', 'QUARKUS_MICROMETER_EXPORT_STATSD_PORT'],
];

/** Would send elsewhere, or nothing at all; taken out unless they are set to the test server. */
const CONTRADICTING: readonly string[] = [
  'DD_DOGSTATSD_SOCKET',
  'DD_DOGSTATSD_URL',
  'DD_DOGSTATSD_DISABLE',
  'DD_DOGSTATSD_PIPE_NAME',
  'DD_DOGSTATSD_WINDOWS_PIPE_NAME',
  'DD_TELEMETRY_HOST',
  'DD_TELEMETRY_PORT',
  'STATSD_ADDR',
  'STATSD_SOCKET_PATH',
  'STATSD_URL',
  'STATSD_IPV6',
];

/** Change what is sent, or where some of it goes; they may be meant, so they stay and are named. */
const CHANGING: readonly string[] = [
  'DD_TRACE_AGENT_URL',
  'STATSD_PREFIX',
  'STATSD_SAMPLE_RATE',
  'STATSD_DEFAULT_TAGS',
  'STATSD_IMPLEMENTATION',
];

/** Variables that make clients send to the test server. */
export function clientVariables(places: TestPlaces): Record<string, string> {
  const host = hostToSendTo(places.host);
  const port = String(places.port);
  const isSix = isIPv6(host);
  return {
    ...Object.fromEntries(
      HOST_AND_PORT.flatMap(([hostName, portName]) => [
        [hostName, host],
        [portName, port],
      ]),
    ),
    ...(isSix
      ? { STATSD_IPV6: '1' }
      : { DD_DOGSTATSD_URL: `udp://${host}:${port}`, STATSD_ADDR: `${host}:${port}` }),
    // Shopify's client sends in production and staging only; under test it sends nothing, else it logs.
    STATSD_ENV: 'production',
    WHIPPET_TEST_URL: places.url,
    WHIPPET_TEST_STREAM_SOCKET: places.streamSocketPath,
    ...(places.socketPath !== undefined && { WHIPPET_TEST_SOCKET: places.socketPath }),
  };
}

export interface ChildEnvironment {
  readonly env: Record<string, string>;
  /** Variables of the parent that are not in it, or changed, because they contradict. */
  readonly cleared: readonly string[];
  /** Variables of the parent that are in it and change what is sent. */
  readonly changing: readonly string[];
}

/** The parent's environment with `variables` in it and nothing that contradicts them. */
export function childEnvironment(
  parent: Environment,
  variables: Readonly<Record<string, string>>,
): ChildEnvironment {
  const env: Record<string, string> = {};
  const cleared: string[] = [];
  for (const [name, value] of Object.entries(parent)) {
    if (value === undefined) continue;
    const contradicts = CONTRADICTING.includes(name) && value !== variables[name];
    if (contradicts) cleared.push(name);
    else env[name] = value;
  }
  const changing = CHANGING.filter((name) => env[name] !== undefined && env[name] !== '');
  return { env: { ...env, ...variables }, cleared, changing };
}

/** What to say about the parent's variables, a sentence each. */
export function describeVariables(parent: Environment, { cleared, changing }: ChildEnvironment): string[] {
  return [
    ...cleared.map((name) => `${name}=${parent[name]} is not passed on: it would send elsewhere, or nothing`),
    ...changing.map((name) => `${name}=${parent[name]} is set and changes what is sent, or where`),
  ];
}

/** A server on all interfaces is reached over IPv4, which every client can. */
function hostToSendTo(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
