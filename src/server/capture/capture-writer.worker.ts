/**
 * The thread that writes a capture: segments of all listener threads to the bytes of a file, merged by time.
 *
 *   segments ─▶ earliest first (segment-merge.ts) ─▶ filter ─▶ .dog ─▶ Zstandard? ─▶ chunks
 *
 * While packets still come, those of the last SETTLE_SECONDS wait, so that a slower thread's are not behind them, unless
 * their thread needs the memory.
 *
 * Memory  what the listener threads may have on their way (packet-tap.ts), and CHUNK_BYTES.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DogWriter } from '../../inspect/capture/dog-writer.ts';
import { TrafficFilter } from '../../inspect/capture/filter.ts';
import { EMPTY_STATE, type EntityTags, type TaggerState } from '../../inspect/capture/tagger-state.ts';
import type { SegmentPacket } from '../../lib/packet-segment.ts';
import { ZstdEncoder } from '../../lib/zstd/zstd-encoder.ts';
import { decodeSockaddr } from '../../listeners/system/sockaddr.ts';
import type { WriterCommand, WriterMessage, WriterSettings } from './capture-writer.ts';
import { containerOf } from './process-containers.ts';
import { SegmentMerge } from './segment-merge.ts';

const SETTLE_SECONDS = 0.5;
/** Large, because each chunk is a message to the control thread, and a write there. */
const CHUNK_BYTES = 256 * 1024;
/** Addresses whose text is remembered. */
const PEERS_MAX = 10_000;
const PIDS_MAX = 100_000;

run(workerData as WriterSettings, parentPort as MessagePort);

function run(settings: WriterSettings, port: MessagePort): void {
  const { compress, filter: filterTexts, since, workloads } = settings;
  const send = (message: WriterMessage, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const filter = new TrafficFilter(filterTexts);
  const zstd = compress ? new ZstdEncoder() : undefined;
  const writer = new DogWriter(CHUNK_BYTES);
  const peers = new Map<string, string>();
  const pids = new Map<number, string>();
  let packets = 0;
  let bytes = 0;
  let firstSeconds = 0;

  const emit = (plain: Uint8Array): void => {
    const chunk = zstd === undefined ? plain : zstd.push(plain);
    if (chunk.length === 0) return;
    const copy = new Uint8Array(chunk);
    send({ kind: 'chunk', bytes: copy }, [copy.buffer as ArrayBuffer]);
  };
  const peerOf = ({ peer, isSockaddr }: SegmentPacket): string => {
    if (peer.length === 0) return '';
    const key = Buffer.from(peer.buffer, peer.byteOffset, peer.length).toString('latin1');
    if (!isSockaddr) return key;
    let text = peers.get(key);
    if (text === undefined) {
      text = addressText(peer);
      if (peers.size >= PEERS_MAX) peers.clear();
      peers.set(key, text);
    }
    return text;
  };
  const write = (packet: SegmentPacket, names: readonly string[]): void => {
    const { pid, uid, gid, payload, seconds } = packet;
    if (seconds < since) return;
    const listener = names[packet.listener] ?? names[0] ?? '';
    let kept = payload;
    if (!filter.isEmpty) {
      const timestamp = BigInt(Math.round(seconds * 1e6)) * 1000n;
      const passed = filter.apply({
        timestamp,
        payload,
        pid,
        ancillary: payload,
        listener,
        peer: peerOf(packet),
      });
      if (passed === undefined) return;
      kept = passed.payload;
    }
    if (pid > 0 && !pids.has(pid) && pids.size < PIDS_MAX) pids.set(pid, containerOf(pid) ?? '');
    if (packets === 0) firstSeconds = seconds;
    packets++;
    bytes += kept.length;
    const full = writer.record({ seconds, payload: kept, pid, uid, gid, listener, peer: peerOf(packet) });
    if (full !== undefined) emit(full);
  };
  const merge = new SegmentMerge({
    segmentsMax: settings.segmentsMax,
    write,
    onRead: (thread, buffer) => send({ kind: 'written', thread, buffer }, [buffer]),
  });

  port.on('message', (command: WriterCommand) => {
    switch (command.kind) {
      case 'segments':
        merge.add(command.thread, command.names, command.segments);
        break;
      case 'tick':
        merge.writeUntil(command.now - SETTLE_SECONDS);
        if (!settings.isLast) emit(writer.take());
        send({ kind: 'progress', packets, bytes });
        break;
      case 'end': {
        merge.writeUntil(Number.POSITIVE_INFINITY);
        emit(writer.take());
        emit(writer.trailer(stateOf(pids, workloads, command.state)));
        if (zstd !== undefined) {
          const rest = new Uint8Array(zstd.finish());
          send({ kind: 'chunk', bytes: rest }, [rest.buffer as ArrayBuffer]);
        }
        send({ kind: 'done', packets, bytes, firstSeconds });
        port.close();
        break;
      }
    }
  });
}

/** The processes that sent something, their containers, and what the workloads file says of those. */
function stateOf(
  seen: ReadonlyMap<number, string>,
  workloads: WriterSettings['workloads'],
  rest: Pick<TaggerState, 'durationMs' | 'note'>,
): TaggerState {
  const pids = new Map<number, string>();
  const entities = new Map<string, EntityTags>();
  for (const [pid, container] of seen) {
    if (container === '') continue;
    const id = `container_id://${container}`;
    pids.set(pid, id);
    const tags = workloads.entities?.[id];
    if (tags === undefined) continue;
    const bytesOf = (texts: readonly string[] = []): string[] =>
      texts.map((text) => Buffer.from(text, 'utf8').toString('latin1'));
    entities.set(id, {
      low: bytesOf(tags.low),
      orchestrator: bytesOf(tags.orchestrator),
      high: bytesOf(tags.high),
    });
  }
  return { ...EMPTY_STATE, ...rest, pids, entities };
}

function addressText(sockaddr: Uint8Array): string {
  try {
    const name = decodeSockaddr(sockaddr);
    if (name.family === 'unix') return name.path;
    return name.host.includes(':') ? `[${name.host}]:${name.port}` : `${name.host}:${name.port}`;
  } catch {
    return '';
  }
}
