/**
 * The control thread's side of one intake thread: starts it, hears it, stops it.
 *
 *   IntakeThread ──control word──▶ thread          stop, released
 *                ◀───messages───── thread          contexts, sealed buckets, events … (shard-message.ts)
 *
 * Memory  owns the shard's WebAssembly memory and control buffer; both are shared with the thread.
 */
import { Worker } from 'node:worker_threads';
import { makeShardMemory } from '../core/core.ts';
import type { ConnectionsView, HandedConnection } from '../model/connection.ts';
import type { BoundListener, ShardMessage } from '../model/shard-message.ts';
import type { ByteString } from '../model/text.ts';
import { ControlWord, makeControlBuffer, type PublishedCounters } from '../telemetry/control-word.ts';
import { publishedShares } from '../telemetry/counter-shares.ts';
import type { ForwardTarget } from './forwarder.ts';
import type {
  IntakeSettings,
  Listener,
  ReadmitMessage,
  ReloadMessage,
  ThreadMessage,
} from './intake-settings.ts';
import type { StreamListener } from './stream-settings.ts';

/** Room for young objects: the cold path makes much garbage and keeps little, and small spaces pause briefly. */
const YOUNG_GENERATION_MB = 4;

/** How long a thread has to answer, ms; it looks for messages at least every 100 ms. */
const ANSWER_MS = 2000;

const NONE: ReadonlySet<Listener | StreamListener> = new Set();

export type ThreadSettings = Omit<IntakeSettings, 'memory' | 'control'>;

/** What one thread counted. */
export interface ThreadCounts extends PublishedCounters {
  /** The kind of its listener. */
  readonly listener: string;
}

export interface IntakeThreadOptions {
  /** For telemetry: the kind of its listener. */
  readonly listenerKind: string;
  readonly settings: ThreadSettings;
  /** Every message, in order, but those about the thread itself. */
  readonly onMessage: (message: ShardMessage) => void;
  /** Everything received before this Unix second has been sealed and told. */
  readonly onPassed: (start: number) => void;
  /** The thread ended without being asked to. */
  readonly onFailure: (error: Error) => void;
}

export class IntakeThread {
  readonly listenerKind: string;
  readonly memory: WebAssembly.Memory;
  readonly control: ControlWord;
  /** Start of the bucket the thread is filling, Unix seconds; everything before is sealed and merged. The owner sets it. */
  passed = Number.NEGATIVE_INFINITY;
  private readonly worker: Worker;
  private readonly options: IntakeThreadOptions;
  private readonly ready: Promise<void>;
  private readonly ended: Promise<void>;
  /** What came of the listeners of the stream thread. */
  private bound: readonly BoundListener[] = [];
  /** Who waits for the answer to which request. */
  private readonly requests = new Map<number, (view: ConnectionsView | undefined) => void>();
  private lastRequest = 0;
  private stopped = false;

  constructor(options: IntakeThreadOptions) {
    this.options = options;
    this.listenerKind = options.listenerKind;
    this.memory = makeShardMemory();
    const buffer = makeControlBuffer();
    this.control = new ControlWord(buffer);
    const workerData: IntakeSettings = { ...options.settings, memory: this.memory, control: buffer };
    this.worker = new Worker(new URL(entryOf(options.settings.listener), import.meta.url), {
      workerData,
      name: `intake ${options.listenerKind}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const { worker } = this;
    this.ready = new Promise((resolve, reject) => {
      worker.on('message', (message: ShardMessage) => this.hear(message, resolve));
      worker.once('error', reject);
    });
    this.ended = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('error', (error) => this.fail(error));
    worker.on('exit', () =>
      this.fail(new Error(`the intake thread of ${options.listenerKind} ended by itself`)),
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
      this.tell({ kind: 'connections', request });
    });
  }

  /** Hands it a packet that came another way; resolves when it is ingested. */
  packet(bytes: Uint8Array): Promise<void> {
    return this.ask((request) => ({ kind: 'packet', request, bytes }));
  }

  /** Has it seal what its open bucket holds; resolves when it has told everything in it. */
  seal(): Promise<void> {
    return this.ask((request) => ({ kind: 'seal', request }));
  }

  /** Has it show lines that hold one of `searches`; none ends that. */
  watch(searches: readonly ByteString[], perSecond: number): void {
    this.tell({ kind: 'watch', searches, perSecond });
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
    this.tell({ kind: 'reload', ...message });
  }

  /** Tells it that there is room for contexts that the server had none for. */
  readmit(message: ReadmitMessage): void {
    this.tell(message);
  }

  /** Has the thread send packets on to `target` from its next batch. */
  aim(target: ForwardTarget | undefined): void {
    this.tell({ kind: 'aim', target });
  }

  /**
   * Asks the thread to drain and seal; resolves when everything it had to say has been heard. What it receives from and is
   * among `handedOver` is another server's: it is not drained, and its connections come as messages.
   */
  async stop(handedOver: ReadonlySet<Listener | StreamListener> = NONE): Promise<void> {
    const { listener } = this.options.settings;
    if (listener.kind === 'streams') {
      const listeners = listener.listeners.flatMap((one, i) => (handedOver.has(one) ? [i] : []));
      if (listeners.length > 0) this.tell({ kind: 'hand_over', listeners });
      this.control.requestStop();
    } else this.control.requestStop(handedOver.has(listener));
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
    this.tell(message(request));
    return Promise.race([answered, this.ended]);
  }

  /** The stream thread goes on with a connection that another server has accepted. */
  adopt(listener: StreamListener, connection: HandedConnection): void {
    this.tell({ kind: 'adopt', listener: this.streamListeners.indexOf(listener), connection });
  }

  /** Those of the stream thread, by number. */
  get streamListeners(): readonly StreamListener[] {
    const { listener } = this.options.settings;
    return listener.kind === 'streams' ? listener.listeners : [];
  }

  private tell(message: ThreadMessage): void {
    this.worker.postMessage(message);
    this.control.callAttention();
  }

  private hear(message: ShardMessage, ready: () => void): void {
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

/** The entry for what the thread reads. */
function entryOf({ kind }: Listener): string {
  if (kind === 'streams') return './stream.worker.js';
  return kind === 'handed' ? './handed.worker.js' : './intake.worker.js';
}
