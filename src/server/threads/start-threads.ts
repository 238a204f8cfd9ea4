/**
 * Which listener threads there are: for each datagram listener as many as `dogstatsd_workers_count` says, for all streams
 * together one.
 *
 *   UDP              a socket for each thread; as many threads for a socket as there are too few sockets, which another
 *                    server or the system has opened
 *   Unix datagrams   one socket for all
 */
import { dialectsOf } from '../../config/checks/dialects-of.ts';
import type { WorkerCounts } from '../../config/checks/worker-counts.ts';
import type { Config } from '../../config/schema.ts';
import { ListenError } from '../../listeners/sockets/listen-error.ts';
import type { OpenListener } from '../../listeners/sockets/open-listener.ts';
import type { Opened } from '../../listeners/sockets/open-listeners.ts';
import type { StreamListener } from '../../listeners/stream/stream-settings.ts';
import type { Listener } from '../../listeners/thread/listener-settings.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { Dialects } from '../../model/dialect.ts';
import type { StreamWatch } from './stream-watch.ts';

/** A stream thread leaves in the sockets what it has no time for. */
const STREAM_BACKLOG_BYTES = 1024 * 1024;

/** What one thread is told that others are not. */
export interface OwnSettings {
  readonly listener: Listener;
  readonly eolRequired: boolean;
  readonly dialects?: Dialects | undefined;
  readonly backlogBytes?: number;
}

/** Calls `start` for each thread, with the kind of its listener for telemetry. */
export function startThreads(
  listeners: readonly OpenListener[],
  config: Config,
  workers: WorkerCounts,
  streams: StreamWatch,
  start: (kind: string, settings: OwnSettings) => void,
): void {
  for (const opened of listeners) {
    const { kind, listener } = opened;
    if ('socket' in listener) continue;
    const eolRequired = config.dogstatsd_eol_required.includes(kind === 'udp' ? 'udp' : 'uds');
    for (let left = threadsOf(opened, listeners, workers); left > 0; left--)
      start(kind, {
        listener,
        eolRequired,
        dialects: dialectsOf(config, kind === 'udp' ? 'udp' : 'unixgram'),
      });
  }
  const streamListeners = streamsOf(listeners);
  const [first, second] = streamListeners;
  if (first === undefined) return;
  start(second === undefined ? first.kind : 'streams', {
    listener: streams.settingsOf(streamListeners, config),
    // Of frames; the last line of a connection without frames is its reader's business.
    eolRequired: config.dogstatsd_eol_required.includes('uds'),
    dialects: dialectsOf(config, 'streams'),
    backlogBytes: STREAM_BACKLOG_BYTES,
  });
}

/** How many threads receive from a datagram socket: its share of those of its address, and at least one. */
export function threadsOf(
  opened: OpenListener,
  listeners: readonly OpenListener[],
  workers: WorkerCounts,
): number {
  if (opened.kind !== 'udp') return workers.unixgram;
  if (opened.listener.kind === 'portable-udp') return 1;
  const group = listeners.filter(({ kind, name }) => kind === 'udp' && name === opened.name);
  const place = group.indexOf(opened);
  return Math.max(1, Math.ceil((workers.udp - place) / group.length));
}

/** Waits until all threads receive: the listeners with the names they have then, and those that turned out not to listen. */
export async function whenThreadsReady(
  threads: readonly ListenerThread[],
  listeners: readonly OpenListener[],
): Promise<Opened> {
  const bound = (await Promise.all(threads.map((thread) => thread.whenReady()))).flat();
  const opened: Opened = { listeners: [], failed: [] };
  let stream = 0;
  for (const listener of listeners) {
    const result = 'socket' in listener.listener ? bound[stream++] : undefined;
    if (result !== undefined && 'code' in result) {
      const cause = Object.assign(new Error(result.message), { code: result.code });
      opened.failed.push({
        kind: listener.kind,
        error: listener.explain?.(cause) ?? unexplained(listener, cause),
      });
    } else opened.listeners.push({ ...listener, ...listener.bound?.(result?.port ?? 0) });
  }
  return opened;
}

/** A socket that was open already, and that the stream thread can still not use. */
function unexplained({ name }: OpenListener, cause: Error): ListenError {
  return new ListenError('ERR_LISTEN_SOCKET_PATH', `cannot listen on ${name} (${cause.message})`, cause);
}

function streamsOf(listeners: readonly OpenListener[]): StreamListener[] {
  return listeners.flatMap(({ listener }) => ('socket' in listener ? [listener] : []));
}
