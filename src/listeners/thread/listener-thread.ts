/**
 * The control thread's side of one listener thread: has it run, hears it, stops it.
 *
 *   ListenerThread ──control word──▶ thread          stop, released
 *                ◀───messages───── thread          contexts, sealed buckets, events … (shard-message.ts)
 *
 * Memory  owns the shard's WebAssembly memory and control buffer; both are shared with the thread.
 */
import type { Worker } from 'node:worker_threads';
import type { ConnectionsView, PassedConnection } from '../../model/connection.ts';
import type { ReplaySenders } from '../../model/replay-senders.ts';
import type { BoundListener, ShardMessage } from '../../model/shard-message.ts';
import type { CaptureCommand } from '../../model/views/captured.ts';
import type { LineSearch } from '../../model/views/line-search.ts';
import { makeShardMemory } from '../../shard/memory.ts';
import type { WorkloadsChange } from '../../shard/shard-settings.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { publishedShares } from '../../telemetry/counters/counter-shares.ts';
import type { ThreadCounts } from '../../telemetry/counters/thread-counts.ts';
import type { ForwardTarget } from '../forward/packet-forwarder.ts';
import type { StreamListener } from '../stream/stream-settings.ts';
import type {
  Listener,
  ListenerSettings,
  ReadmitMessage,
  ReloadMessage,
  ThreadMessage,
} from './listener-settings.ts';
import { WaitingThread } from './waiting-thread.ts';

/** How long a thread has to answer, ms; it looks for messages at least every 250 ms. */
const ANSWER_MS = 2000;

const NONE: ReadonlySet<Listener | StreamListener> = new Set();

export type ThreadSettings = Omit<ListenerSettings, 'memory' | 'control'>;

export interface ListenerThreadOptions {
  /** For telemetry: the kind of its listener. */
  readonly listenerKind: string;
  readonly settings: ThreadSettings;
  /** One that was started before; by default another one is. */
  readonly waiting?: WaitingThread | undefined;
  /** Every message, in order, but those about the thread itself. */
  readonly onMessage: (message: ShardMessage) => void;
  /** Everything received before this Unix second has been sealed and told. */
  readonly onPassed: (start: number) => void;
  /** The thread ended without being asked to. */
  readonly onFailure: (error: Error) => void;
}

export class ListenerThread {
  readonly listenerKind: string;
  readonly memory: WebAssembly.Memory;
  readonly control: ControlWord;
  /** Start of the bucket the thread is filling, Unix seconds; everything before is sealed and merged. The owner sets it. */
  passed = Number.NEGATIVE_INFINITY;
  private readonly worker: Worker;
  private readonly options: ListenerThreadOptions;
  private readonly ready: Promise<void>;
  private readonly ended: Promise<void>;
  /** What came of the listeners of the stream thread. */
  private bound: readonly BoundListener[] = [];
  /** Who waits for the answer to which request. */
  private readonly requests = new Map<number, (view: ConnectionsView | undefined) => void>();
  private lastRequest = 0;
  private stopped = false;

  constructor(options: ListenerThreadOptions) {
    this.options = options;
    this.listenerKind = options.listenerKind;
    this.memory = makeShardMemory();
    const buffer = makeControlBuffer();
    this.control = new ControlWord(buffer);
    const settings: ListenerSettings = { ...options.settings, memory: this.memory, control: buffer };
    this.worker = (options.waiting ?? new WaitingThread()).run(settings);
    const { worker } = this;
    this.ready = new Promise((resolve, reject) => {
      worker.on('message', (message: ShardMessage) => this.onMessage(message, resolve));
      worker.once('error', reject);
    });
    this.ended = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('error', (error) => this.fail(error));
    worker.on('exit', () =>
      this.fail(new Error(`the listener thread of ${options.listenerKind} ended by itself`)),
    );
  }

  /** Whether it is the stream thread. */
  get isStream(): boolean {
    return this.options.settings.listener.kind === 'streams';
  }

  /** Resolves when the thread receives; for the stream thread with what came of each listener. */
  async whenReady(): Promise<readonly BoundListener[]> {
    await this.ready;
    return this.bound;
  }

  /** Asks a stream thread for its connections; undefined when it does not answer in time. */
  connections(): Promise<ConnectionsView | undefined> {
    const request = ++this.lastRequest;
    return new Promise((resolve) => {
      const answer = (view: ConnectionsView | undefined): void => {
        clearTimeout(timer);
        this.requests.delete(request);
        resolve(view);
      };
      const timer = setTimeout(() => answer(undefined), ANSWER_MS);
      this.requests.set(request, answer);
      this.notify({ kind: 'connections', request });
    });
  }

  /** Hands it a packet that came another way; resolves when it is ingested. */
  packet(bytes: Uint8Array): Promise<void> {
    return this.ask((request) => ({ kind: 'packet', request, bytes }));
  }

  /** Has it seal what its open bucket holds; resolves when it has told everything in it. */
  seal(): Promise<void> {
    return this.ask((request) => ({ kind: 'seal', request, patient: true }));
  }

  /** Has it seal a part of its open bucket, unless the part before is still being read. */
  sealPart(): Promise<void> {
    return this.ask((request) => ({ kind: 'seal', request, patient: false }));
  }

  /** Has it show lines that fit one of `searches`; none ends that. */
  watch(searches: readonly LineSearch[], perSecond: number): void {
    this.notify({ kind: 'watch', searches, perSecond });
  }

  /** Has it copy what it receives, or hand over what it copied. */
  capture(command: CaptureCommand): void {
    this.notify({ kind: 'capture', command }, command.do === 'written' ? command.buffers : []);
  }

  /** Resolves when the thread has ended. */
  whenEnded(): Promise<void> {
    return this.ended;
  }

  /** The kinds of its listeners, by number. */
  get listenerNames(): readonly string[] {
    const { streamListeners } = this;
    return streamListeners.length > 0 ? streamListeners.map(({ kind }) => kind) : [this.listenerKind];
  }

  /** Its counters as of the end of its last batch, for each of its listeners. */
  counts(): ThreadCounts[] {
    const { listener } = this.options.settings;
    if (listener.kind !== 'streams' || listener.shares.length === 0)
      return [{ listener: this.listenerKind, ...this.control.published() }];
    return publishedShares(listener.shares).map((published, i) => ({
      listener: listener.listeners[i]?.kind ?? this.listenerKind,
      ...published,
    }));
  }

  /** Hands the thread new settings; it takes them between two batches. */
  reload(message: Omit<ReloadMessage, 'kind'>): void {
    this.notify({ kind: 'reload', ...message });
  }

  /** Tells what has changed of workloads. */
  learn(change: WorkloadsChange): void {
    this.notify({ kind: 'workloads', change });
  }

  /** Has packets of a replay count as those of the captured senders; undefined ends that. */
  useReplay(replay: ReplaySenders | undefined): void {
    this.notify({ kind: 'replay', replay });
  }

  /** Tells it that nobody knows what it asked for. */
  notFound(keys: readonly string[]): void {
    this.notify({ kind: 'not_found', keys });
  }

  /** Tells it that there is room for contexts that the server had none for. */
  readmit(message: ReadmitMessage): void {
    this.notify(message);
  }

  /** Has the thread send packets on to `target` from its next batch. */
  aim(target: ForwardTarget | undefined): void {
    this.notify({ kind: 'aim', target });
  }

  /**
   * Asks the thread to drain and seal; resolves when everything it had to say has been heard. What it receives from and is
   * among `passedOn` is another server's: it is not drained, and its connections come as messages.
   */
  async stop(passedOn: ReadonlySet<Listener | StreamListener> = NONE): Promise<void> {
    const { listener } = this.options.settings;
    if (listener.kind === 'streams') {
      const listeners = listener.listeners.flatMap((one, i) => (passedOn.has(one) ? [i] : []));
      if (listeners.length > 0) this.notify({ kind: 'pass_connections', listeners });
      this.control.requestStop();
    } else this.control.requestStop(passedOn.has(listener));
    await this.ended;
  }

  /** Resolves when the thread has answered, or has ended. */
  private ask(message: (request: number) => ThreadMessage): Promise<void> {
    const request = ++this.lastRequest;
    const answered = new Promise<void>((resolve) => {
      this.requests.set(request, () => {
        this.requests.delete(request);
        resolve();
      });
    });
    this.notify(message(request));
    return Promise.race([answered, this.ended]);
  }

  /** The stream thread goes on with a connection that another server has accepted. */
  adopt(listener: StreamListener, connection: PassedConnection): void {
    this.notify({ kind: 'adopt', listener: this.streamListeners.indexOf(listener), connection });
  }

  /** Whether it receives from this listener. */
  reads(listener: Listener | StreamListener): boolean {
    const { listener: own } = this.options.settings;
    return own === listener || ('socket' in listener && this.streamListeners.includes(listener));
  }

  /** Has it read `older` too, whose place at the path of its own socket another one has taken; it closes it. */
  readOlder(older: number): void {
    this.notify({ kind: 'older_socket', fd: older });
  }

  /** Has the stream thread listen at the socket that is now behind the descriptor of the listener. */
  listenAgain(listener: StreamListener): void {
    this.notify({ kind: 'listen_again', listener: this.streamListeners.indexOf(listener) });
  }

  /** Those of the stream thread, by number. */
  get streamListeners(): readonly StreamListener[] {
    const { listener } = this.options.settings;
    return listener.kind === 'streams' ? listener.listeners : [];
  }

  private notify(message: ThreadMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
    this.control.callAttention();
  }

  private onMessage(message: ShardMessage, ready: () => void): void {
    switch (message.kind) {
      case 'ready':
        ready();
        break;
      case 'bound':
        this.bound = message.listeners;
        break;
      case 'connections':
        this.requests.get(message.request)?.(message.view);
        break;
      case 'answered':
        this.requests.get(message.request)?.(undefined);
        break;
      case 'passed':
        this.options.onPassed(message.start);
        break;
      case 'stopped':
        this.stopped = true;
        break;
      default:
        this.options.onMessage(message);
    }
  }

  private fail(error: Error): void {
    if (this.stopped) return;
    this.stopped = true;
    this.options.onFailure(error);
  }
}
