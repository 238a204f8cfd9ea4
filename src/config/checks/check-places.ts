/**
 * Places that two parts of the server would take: the system would say that they are in use, by this server itself.
 *
 *   dogstatsd_socket, dogstatsd_stream_socket, …   one path is one socket, and a file is none
 *   dogstatsd_tcp_port, http.port, 8126            one TCP port of one address is one server
 */
import { resolve } from 'node:path';
import type { Config } from '../schema.ts';
import type { Findings } from '../sources/setting.ts';

const TRACE_AGENT_PORT = 8126;
const ALL_INTERFACES: readonly string[] = ['0.0.0.0', '::', ''];

export function checkPlaces(config: Config, findings: Findings): void {
  checkPaths(config, findings);
  checkPorts(config, findings);
}

function checkPaths(config: Config, findings: Findings): void {
  const pipe = config.dogstatsd_pipe_name;
  const taken = new Map<string, string>();
  for (const [key, path] of [
    ['dogstatsd_socket', config.dogstatsd_socket],
    ['dogstatsd_stream_socket', config.dogstatsd_stream_socket],
    ['dogstatsd_pipe_name', pipe.includes('/') ? pipe : ''],
    ['http.proxy_socket', config.http.proxy_socket],
    ['hot_restart.socket', config.hot_restart.socket],
    ['outputs.file.path', config.outputs.file.path],
    ...config.outputs.file.additional.map(
      ({ path }, i) => [`entry ${i + 1} of outputs.file.additional`, path] as const,
    ),
  ] as const) {
    if (path === '') continue;
    const at = resolve(path);
    const other = taken.get(at);
    if (other === undefined) taken.set(at, key);
    else
      findings.report(
        'ERR_CONFIG_INVALID_VALUE',
        `${other} and ${key} are both ${path}: one path holds one socket or file; set one of them to another path`,
      );
  }
}

function checkPorts(config: Config, findings: Findings): void {
  const tcpHost = config.dogstatsd_non_local_traffic ? '' : config.bind_host;
  const places = [
    { key: 'dogstatsd_tcp_port', host: tcpHost, port: config.dogstatsd_tcp_port },
    { key: 'http.port', host: config.http.host, port: config.http.port },
    {
      key: 'http.trace_agent_compat',
      host: config.http.host,
      port: config.http.trace_agent_compat ? TRACE_AGENT_PORT : -1,
    },
  ].filter(({ port }) => port > 0);
  places.forEach((place, index) => {
    const other = places.slice(0, index).find((one) => one.port === place.port && meet(one.host, place.host));
    if (other === undefined) return;
    findings.report(
      'ERR_CONFIG_INVALID_VALUE',
      `${other.key} and ${place.key} both take TCP port ${place.port}; set one of them to another port`,
    );
  });
}

function meet(one: string, other: string): boolean {
  return one === other || ALL_INTERFACES.includes(one) || ALL_INTERFACES.includes(other);
}
