/**
 * Replays with the senders of their capture, one at a time (docs/capture.md#replay).
 *
 *   state of the capture ─▶ tags of its containers ─▶ tag store, where nothing else knows them
 *                         └▶ container of each captured process ─▶ listener threads, with the process that may speak for them
 *
 * GRACE_MS after its end, or when another one begins, nobody may speak for them any more, and the tags are those of containers
 * that have ended.
 *
 * Thread  the control thread.
 * Limits  one replay; the body that HTTP takes, and the entities of the tag store, for its state.
 */
import { decodeState } from '../../inspect/capture/tagger-state.ts';
import type { Log } from '../../lib/log.ts';
import type { ReplaySenders } from '../../model/replay-senders.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { CONTAINER, entityKind, NO_SOURCE_TAGS } from '../../origin/entity.ts';
import type { TagStore } from '../../origin/tag-store.ts';

export interface ReplayOptions {
  readonly store: TagStore;
  readonly log: Log;
  /** Whether the kernel says who sends: without that, nobody can speak for anybody. */
  readonly isOn: boolean;
  /** Hands on what is gathered, then this, to all threads. */
  readonly tell: (replay: ReplaySenders | undefined) => void;
  /** Does the work when the last packets have been read; for tests. */
  readonly later?: (work: () => void) => void;
}

/** What a replay has sent may still wait in the socket when it has gone. */
const GRACE_MS = 1000;

/** To anybody but a replay before this one. */
function isKnown(store: TagStore, entity: string): boolean {
  return store.view(entity)?.sources.some(({ collector }) => collector !== 'replay') === true;
}

function afterGrace(work: () => void): void {
  setTimeout(work, GRACE_MS).unref();
}

export interface ReplaySession {
  readonly processes: number;
  readonly entities: number;
  end(): void;
}

export class ReplaySessions {
  private readonly options: ReplayOptions;
  private isRunning = false;
  /** Ends for good the one whose process has gone. */
  private finish: (() => void) | undefined;

  constructor(options: ReplayOptions) {
    this.options = options;
  }

  /** `pid` replays, in this pid namespace; `state` is that of the capture, as its file has it. */
  start(pid: number, state: Uint8Array): ReplaySession | 'off' | 'busy' | 'bad_state' {
    const { store, log, isOn, tell, later = afterGrace } = this.options;
    if (!isOn) return 'off';
    if (this.isRunning) return 'busy';
    const decoded = decodeState(state);
    if (typeof decoded === 'string') return 'bad_state';
    this.finish?.();
    this.isRunning = true;
    const writer = store.writer('replay');
    const told: string[] = [];
    store.update(() => {
      for (const [id, tags] of decoded.entities) {
        const entity = toText(id);
        // What is known of a container that runs here is newer than the capture.
        if (entityKind(entity) === undefined || isKnown(store, entity)) continue;
        const texts = (list: readonly ByteString[]): string[] => list.map(toText);
        const { low, orchestrator, high } = tags;
        writer.set('static', entity, {
          ...{ ...NO_SOURCE_TAGS, low: texts(low), orchestrator: texts(orchestrator), high: texts(high) },
        });
        told.push(entity);
      }
    });
    const senders = new Map([...decoded.pids].filter(([, entity]) => entity.startsWith(CONTAINER)));
    tell({ pid, senders });
    log.info(
      { pid, processes: senders.size, entities: told.length },
      'a replay is sending on behalf of captured senders',
    );
    let hasEnded = false;
    return {
      ...{ processes: senders.size, entities: told.length },
      end: () => {
        if (hasEnded) return;
        hasEnded = true;
        this.isRunning = false;
        const finish = (): void => {
          if (this.finish !== finish) return;
          this.finish = undefined;
          tell(undefined);
          store.update(() => {
            for (const entity of told) writer.end(entity);
          });
          log.info({ pid }, 'the replay has ended');
        };
        this.finish = finish;
        later(finish);
      },
    };
  }
}
