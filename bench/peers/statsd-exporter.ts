/**
 * statsd_exporter as a peer: aggregates for Prometheus, and its page is read once at the end.
 */
import type { Destination } from '../../src/listeners/system/send-batch.ts';
import { UDP_RECEIVE_BUFFER_BYTES } from '../rows.ts';
import {
  addByName,
  buildWithGo,
  drained,
  freePort,
  type Peer,
  PeerProcess,
  type PeerSums,
  type RunningPeer,
} from './peer.ts';

const MODULE = 'github.com/prometheus/statsd_exporter@v0.28.0';
const PROGRAM = 'statsd_exporter';
/** Names of the corpus and not of the exporter itself, of Go and of its process: they begin with the type sent. */
const SERIES = /^([chd]\w*)(?:\{.*\})? (\S+)$/;

export const statsdExporter: Peer = { name: PROGRAM, build, start };

function build(): string {
  return buildWithGo(PROGRAM, (go) => go('go', ['install', '-p', '1', MODULE]));
}

async function start(destination: Destination): Promise<RunningPeer> {
  const isUdp = destination.kind === 'udp';
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = new PeerProcess(build(), [
    '--statsd.listen-tcp=',
    `--statsd.listen-udp=${isUdp ? `${destination.host}:${destination.port}` : ''}`,
    `--statsd.listen-unixgram=${isUdp ? '' : destination.path}`,
    `--statsd.read-buffer=${UDP_RECEIVE_BUFFER_BYTES}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  try {
    await program.whenUp(() =>
      readPage(url).then(
        () => true,
        () => false,
      ),
    );
  } catch (error) {
    await program.stop();
    throw error;
  }
  const sums = async (): Promise<PeerSums> => {
    await drained(program.pid);
    return sumsOfPage(await readPage(url));
  };
  return { pid: program.pid, sums, stop: () => program.stop() };
}

async function readPage(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  return response.text();
}

/** What its page says in all. */
export function sumsOfPage(page: string): PeerSums {
  const sums = { c: 0, h: 0, d: 0 };
  for (const line of page.split('\n')) {
    const [, name, value] = SERIES.exec(line) ?? [];
    if (name === undefined || (!name.startsWith('c') && !name.endsWith('_count'))) continue;
    addByName(sums, name, Number(value));
  }
  return sums;
}
