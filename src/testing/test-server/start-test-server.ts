/**
 * Starts a test server: its options, its listeners on free ports and in a temporary folder, and their end.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import type { ConfigValues } from '../../config/config-values.ts';
import { LengthFraming } from '../../listeners/stream/length-framing.ts';
import { LineFraming } from '../../listeners/stream/line-framing.ts';
import { PACKET_BYTES_MAX } from '../../model/core-border.ts';
import { checkKeys } from '../expectations/check-expectation.ts';
import { listenHttp } from './http-listener.ts';
import type { TakePacket, TestListener } from './listener.ts';
import { type ConfigFrom, Recorder } from './recorder.ts';
import { listenStream } from './stream-listener.ts';
import { TestServer } from './test-server.ts';
import { listenUdp } from './udp-listener.ts';
import { listenUnixDatagram } from './unix-datagram-listener.ts';

export interface TestServerOptions {
  /** Keys and values as in the configuration file: mapper, namespace, tags, filters. The environment is not read. */
  readonly config?: ConfigValues;
  /** A configuration file to read as well; `config` wins. */
  readonly configFile?: string;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** UDP port; 0, the default, takes any free one. */
  readonly port?: number;
  /** TCP port of the HTTP server; 0, the default, takes any free one. */
  readonly httpPort?: number;
}

const OPTION_KEYS = [
  'config',
  'configFile',
  'host',
  'port',
  'httpPort',
] as const satisfies (keyof TestServerOptions)[];

/**
 * Starts a test server. Rejects with TypeError for an option or a key of `config` that does not exist, with ConfigError
 * for a wrong value, or with the error of a listener; nothing is left open then.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  checkOptions(options);
  const { host = '127.0.0.1', port = 0, httpPort = 0, config = {}, configFile } = options;
  const request = { values: config, ...(configFile !== undefined && { file: configFile }) };
  const folder = mkdtempSync(join(tmpdir(), 'whippet-'));
  const listeners: TestListener[] = [];
  try {
    const recorder = makeRecorder(request);
    const take: TakePacket = (packet, via) => recorder.accept(packet, via);
    const socketPath = join(folder, 'dsd.sock');
    const streamSocketPath = join(folder, 'dsd-stream.sock');
    const udp = await listenUdp(host, port, take);
    listeners.push(udp);
    const datagrams = listenUnixDatagram(socketPath, take);
    if (datagrams !== undefined) listeners.push(datagrams);
    const frames = (): LengthFraming => new LengthFraming(PACKET_BYTES_MAX);
    listeners.push(await listenStream({ path: streamSocketPath }, 'unix', frames, take));
    const lines = (): LineFraming => new LineFraming(PACKET_BYTES_MAX);
    const tcp = await listenStream({ host, port: 0 }, 'tcp', lines, take);
    listeners.push(tcp);
    const server: TestServer = new TestServer(recorder, request, {
      host,
      port: udp.port,
      tcpPort: tcp.port,
      socketPath: datagrams === undefined ? undefined : socketPath,
      streamSocketPath,
      close: () => closeAll(listeners, folder),
    });
    const http = await listenHttp(host, httpPort, take, server);
    listeners.push(http);
    server.httpPort = http.port;
    return server;
  } catch (error) {
    await closeAll(listeners, folder);
    throw error;
  }
}

function checkOptions(options: TestServerOptions): void {
  checkKeys('the options of startTestServer()', options, OPTION_KEYS);
  for (const key of ['port', 'httpPort'] as const) {
    const port = options[key];
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
      throw new TypeError(
        `${key} is ${JSON.stringify(port)}; allowed: an integer from 0 (any free port) to 65535`,
      );
    }
  }
  const { config } = options;
  if (config !== undefined && (typeof config !== 'object' || config === null || Array.isArray(config))) {
    throw new TypeError('config is not an object; write keys and values as in the configuration file');
  }
}

/** Throws TypeError for an unknown key: a slip in a test, where a configuration file only draws a warning. */
function makeRecorder(request: ConfigFrom): Recorder {
  try {
    return new Recorder({ request, clock: () => performance.now() });
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'ERR_CONFIG_UNKNOWN_KEY') throw error;
    throw new TypeError(error.message, { cause: error });
  }
}

async function closeAll(listeners: readonly TestListener[], folder: string): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
  rmSync(folder, { recursive: true, force: true });
}
