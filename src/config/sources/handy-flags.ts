/**
 * Command line flags for the keys that people set most. Every key can be set with `--set key=value`;
 * these are short for it. Loaded at every start of the command line, so it imports nothing heavy.
 */
import type { Flag } from './flags.ts';

/** What commander makes of the flags that configure; the type of `run`'s options. */
export interface ConfigOptions {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly socket?: string;
  readonly streamSocket?: string;
  readonly tcpPort?: string;
  readonly httpPort?: string;
  readonly echo?: boolean;
  readonly file?: string;
  readonly logLevel?: string;
  readonly set?: readonly string[];
}

export interface HandyFlag {
  readonly flag: string;
  /** Name of the value in the help text; absent for a flag that takes none. */
  readonly argument?: string;
  readonly option: Exclude<keyof ConfigOptions, 'config' | 'set'>;
  readonly key: string;
  readonly description: string;
}

export const HANDY_FLAGS: readonly HandyFlag[] = [
  {
    flag: '--port',
    argument: '<n>',
    option: 'port',
    key: 'dogstatsd_port',
    description: 'UDP port to receive on; 0 takes any free port, -1 turns UDP off (8125)',
  },
  {
    flag: '--host',
    argument: '<addr>',
    option: 'host',
    key: 'bind_host',
    description: 'address the UDP socket binds (127.0.0.1)',
  },
  {
    flag: '--socket',
    argument: '<path>',
    option: 'socket',
    key: 'dogstatsd_socket',
    description: 'Unix datagram socket to receive on (off)',
  },
  {
    flag: '--stream-socket',
    argument: '<path>',
    option: 'streamSocket',
    key: 'dogstatsd_stream_socket',
    description: 'Unix stream socket to receive on (off)',
  },
  {
    flag: '--tcp-port',
    argument: '<n>',
    option: 'tcpPort',
    key: 'dogstatsd_tcp_port',
    description: 'TCP port to receive on; 0 takes any free port (off)',
  },
  {
    flag: '--http-port',
    argument: '<n>',
    option: 'httpPort',
    key: 'http.port',
    description: 'port of the HTTP server; 0 takes any free port, -1 turns it off (8127)',
  },
  { flag: '--echo', option: 'echo', key: 'outputs.echo', description: 'print lines as they arrive' },
  {
    flag: '--file',
    argument: '<path>',
    option: 'file',
    key: 'outputs.file.path',
    description: 'append every flushed series to this file, one JSON object a line (off)',
  },
  {
    flag: '--log-level',
    argument: '<level>',
    option: 'logLevel',
    key: 'log_level',
    description: 'least severe log lines to write (info)',
  },
];

/** Turns parsed options into flags: first every `--set`, then the handy flags, which win over it. */
export function flagsOf(options: ConfigOptions): Flag[] {
  const flags: Flag[] = (options.set ?? []).map((value) => ({ flag: '--set', value }));
  for (const { flag, option, key } of HANDY_FLAGS) {
    const value = options[option];
    if (value !== undefined) flags.push({ flag, key, value });
  }
  return flags;
}
