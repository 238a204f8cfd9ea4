import { describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';

const rejects = (values: object, want: string) =>
  test(`${JSON.stringify(values)} is refused`, () => expect(() => loadConfig({ values })).toThrow(want));
const accepts = (values: object) =>
  test(`${JSON.stringify(values)} is taken`, () => expect(() => loadConfig({ values })).not.toThrow());

describe('one path for two sockets', () => {
  rejects(
    { dogstatsd_socket: '/run/x', dogstatsd_stream_socket: '/run/x' },
    'dogstatsd_socket and dogstatsd_stream_socket are both /run/x: one path holds one socket',
  );
  rejects(
    { dogstatsd_socket: '/run/x', 'http.proxy_socket': '/run/../run/x' },
    'dogstatsd_socket and http.proxy_socket',
  );
  rejects(
    { dogstatsd_pipe_name: '/run/x', 'hot_restart.socket': 'unix:///run/x' },
    'dogstatsd_pipe_name and hot_restart.socket',
  );
  rejects(
    { dogstatsd_socket: '/run/x', 'outputs.file.path': '/run/x' },
    'dogstatsd_socket and outputs.file.path',
  );
  accepts({ dogstatsd_socket: '/run/x', dogstatsd_stream_socket: '/run/y' });
});

describe('one port for two servers', () => {
  rejects({ dogstatsd_tcp_port: 8127 }, 'dogstatsd_tcp_port and http.port both take TCP port 8127');
  rejects(
    { dogstatsd_tcp_port: 8127, dogstatsd_non_local_traffic: true, 'http.host': '10.0.0.1' },
    'both take',
  );
  rejects({ 'http.port': 8126, 'http.trace_agent_compat': true }, 'http.port and http.trace_agent_compat');
  accepts({ dogstatsd_tcp_port: 8127, 'http.host': '10.0.0.1' });
  accepts({ dogstatsd_tcp_port: 8125 });
  accepts({ dogstatsd_tcp_port: 0, 'http.port': 0 });
});
