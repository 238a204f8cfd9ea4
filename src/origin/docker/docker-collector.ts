/**
 * Collector of Docker Engine: five GETs over its Unix socket (docs/origin.md#docker).
 *
 *   /_ping ─▶ version ─▶ /events ─opened─▶ /containers/json ─▶ /containers/<id>/json each, a few at a time
 *                          │                                      └▶ /images/<id>/json for one started by id
 *                          └ create, start, rename, … ─▶ inspect, or when that fails what the event said;  die ─▶ end
 *
 * Inspect answers only when the container has started, some milliseconds after its first metric may have come. What the
 * event says is not all (the environment is missing), so it counts only when there is no answer: messages wait meanwhile.
 *
 * Events are opened before the list, so nothing that starts in between is missed. When the connection breaks, it is
 * opened again with `since` the last event, and everything is listed anew: what is not in the list has ended.
 *
 * Thread  the control thread; nothing waits for it.
 * Limits  ANSWER_MS and ANSWER_BYTES for an answer; InspectQueue has those of inspects; IMAGES_MAX names of images, ANNOUNCED_MAX events that wait for inspect.
 *         Retries wait RETRY_MS, doubled up to RETRY_MAX_MS. Answers never reach the log: they hold secrets.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Collector, CollectorLog, CollectorState, CollectorStatus } from '../collector.ts';
import { addTaskTags, type TaskTagRules, taskOfLabels } from '../ecs/task-tags.ts';
import { CONTAINER } from '../entity.ts';
import { AskError, type AskFailure, get, getAny, stream, type Target } from '../http/ask.ts';
import type { StoreWriter } from '../store-writer.ts';
import type { TagStore } from '../tag-store.ts';
import { addContainerTags, type ContainerFacts, type ContainerTagRules } from '../tags/container-tags.ts';
import { type Separators, type TagCounts, TagList } from '../tags/tag-list.ts';
import {
  type DockerEvent,
  isContainerId,
  isImageId,
  readEvent,
  readImageName,
  readInspect,
  readList,
} from './docker-container.ts';
import { InspectQueue } from './inspect-queue.ts';

const ANSWER_MS = 5000;
const ANSWER_BYTES = 8 * 1024 * 1024;
const LIST_BYTES = 64 * 1024 * 1024;
const EVENT_BYTES = 1024 * 1024;
const IMAGES_MAX = 1000;
const ANNOUNCED_MAX = 1000;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30_000;
/** The newest version of the API that this collector was written for. */
const API_VERSION = [1, 44] as const;
const TELLING_EVENTS = new Set([
  'create',
  'start',
  'restart',
  'rename',
  'update',
  'health_status',
  'unpause',
]);
/** The last one is for a container that was created and never started. */
const ENDING_EVENTS = new Set(['die', 'destroy']);

export interface DockerOptions {
  readonly store: TagStore;
  /** Path of the daemon's socket. */
  readonly socketPath: string;
  readonly rules: ContainerTagRules;
  readonly taskRules: TaskTagRules;
  readonly separators: Separators;
  readonly log: CollectorLog;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  /** A container is about to start, or was heard of: its cgroup is to be found while it is there. */
  readonly onContainer?: (id: string) => void;
  readonly retryMs?: number;
  readonly answerMs?: number;
}

export class DockerCollector implements Collector {
  readonly name = 'docker';
  private readonly options: DockerOptions;
  private readonly writer: StoreWriter;
  private readonly target: Target;
  private readonly ending = new AbortController();
  private readonly queue: InspectQueue;
  private readonly tagCounts: TagCounts = { tooLongTags: 0, tooManyTags: 0 };
  private readonly counts: Record<string, number> = {};
  private readonly images = new Map<string, string>();
  /** What events said of containers that inspect has not told of. */
  private readonly announced = new Map<string, ContainerFacts>();
  /** Those of them that have ended meanwhile. */
  private readonly endedEarly = new Set<string>();
  private prefix = '';
  private since = 0;
  private status: CollectorStatus = 'starting';
  private problem: { readonly detail: string; readonly remedy: string } = { detail: '', remedy: '' };
  private answeredAt: number | undefined;
  private run: Promise<void> | undefined;
  private failures = 0;

  constructor(options: DockerOptions) {
    this.options = options;
    this.writer = options.store.writer('docker');
    this.target = { url: 'http://docker', socketPath: options.socketPath };
    this.queue = new InspectQueue((id) => this.inspect(id));
  }

  start(): void {
    this.run ??= this.runAll();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await Promise.all([this.run, this.queue.stop()]);
  }

  state(): CollectorState {
    const { clock, socketPath } = this.options;
    const isFailing = this.status === 'failing';
    const refused = this.queue.refused;
    return {
      ...{ name: this.name, status: this.status, entities: this.writer.count },
      detail: isFailing ? this.problem.detail : `reads ${socketPath}`,
      remedy: isFailing ? this.problem.remedy : '',
      ...(this.answeredAt !== undefined && {
        answeredSecondsAgo: Math.round((clock() - this.answeredAt) / 1000),
      }),
      counts: { ...this.counts, ...this.tagCounts, ...(refused > 0 && { inspects_refused: refused }) },
    };
  }

  /** Inspects one container now, ahead of those that wait. */
  async find(containerId: string): Promise<void> {
    if (isContainerId(containerId)) await this.queue.add(containerId, true);
  }

  private async runAll(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      try {
        await this.connect();
        // The daemon ended the stream, as it does when it stops.
        this.count('events_ended');
        this.fail('the daemon closed the stream of events', 'whippet connects again by itself');
      } catch (error) {
        if (!(error instanceof AskError)) throw error;
        if (error.failure === 'stopped' && signal.aborted) return;
        this.count(`failed_${error.failure}`);
        this.fail(error.message, remedyFor(error, this.options.socketPath));
      }
      const retryMs = (this.options.retryMs ?? RETRY_MS) * 2 ** Math.min(this.failures - 1, 10);
      await wait(Math.min(retryMs, RETRY_MAX_MS), undefined, { signal }).catch(() => undefined);
    }
  }

  private async connect(): Promise<void> {
    const { signal } = this.ending;
    const ping = await getAny(this.target, '/_ping', this.limits(ANSWER_BYTES), signal);
    if (ping.status !== 200)
      throw new AskError('status', `the daemon answered /_ping with ${ping.status}`, String(ping.status));
    this.prefix = versionPrefix(ping.headers['api-version']);
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
    const since = this.since === 0 ? '' : `&since=${sinceText(this.since)}`;
    const path = `${this.prefix}/events?filters=${filters}${since}`;
    // A list that fails ends the stream, and both begin again.
    const lost = new AbortController();
    let listing: Promise<void> = Promise.resolve();
    const streaming = stream(
      this.target,
      path,
      this.limits(EVENT_BYTES),
      AbortSignal.any([signal, lost.signal]),
      {
        open: () => {
          listing = this.list();
          listing.catch(() => lost.abort());
        },
        value: (value) => this.take(readEvent(value)),
        badLine: () => this.count('bad_events'),
      },
    );
    const [streamed] = await Promise.allSettled([streaming]);
    lost.abort();
    // Its error says more than that the stream was ended because of it.
    await listing;
    if (streamed.status === 'rejected') throw streamed.reason;
  }

  private async list(): Promise<void> {
    const path = `${this.prefix}/containers/json`;
    const { body } = await get(this.target, path, this.limits(LIST_BYTES), this.ending.signal);
    const { ids, bad } = readList(body);
    if (bad > 0) this.count('bad_list_entries', bad);
    this.writer.endOthers(new Set(ids.map((id) => CONTAINER + id)));
    await Promise.all(ids.map((id) => this.queue.add(id, false)));
    if (!this.ending.signal.aborted) this.succeed(ids.length);
  }

  private take(event: DockerEvent | undefined): void {
    if (event === undefined) return;
    const { action, id, timeNano, facts } = event;
    this.count('events');
    if (timeNano > 0) this.since = timeNano;
    if (ENDING_EVENTS.has(action)) this.end(id);
    else if (action === 'start') this.endedEarly.delete(id);
    if (!TELLING_EVENTS.has(action)) return;
    if (action === 'create' || action === 'start') this.options.onContainer?.(id);
    if (!this.options.store.has(CONTAINER + id)) this.announce(facts);
    void this.queue.add(id, true);
  }

  private end(id: string): void {
    this.writer.end(CONTAINER + id);
    if (this.announced.has(id)) this.endedEarly.add(id);
  }

  /** Keeps what an event said until inspect has answered. */
  private announce(facts: ContainerFacts): void {
    if (this.announced.size >= ANNOUNCED_MAX) this.settle(this.announced.keys().next().value as string);
    // The name of an image is in the event only when the container was not started by an id.
    const isBareId = /^(sha256:)?[0-9a-f]{12,64}$/.test(facts.image);
    this.announced.set(facts.id, isBareId ? { ...facts, image: '' } : facts);
  }

  /** Nothing more is to be told of what an event has announced. */
  private settle(id: string): void {
    this.announced.delete(id);
    if (this.endedEarly.delete(id)) this.writer.end(CONTAINER + id);
  }

  /** Inspect knows nothing of the container: what its event said is all there is. */
  private tellAnnounced(id: string): void {
    const facts = this.announced.get(id);
    if (facts !== undefined && !this.options.store.has(CONTAINER + id)) {
      this.count('told_by_event_only');
      this.tell(facts);
    }
    this.settle(id);
  }

  /** Never rejects: what goes wrong with one container is counted, and costs the others nothing. */
  private async inspect(id: string): Promise<void> {
    try {
      const path = `${this.prefix}/containers/${id}/json`;
      const { body } = await get(this.target, path, this.limits(ANSWER_BYTES), this.ending.signal);
      const container = readInspect(body, this.options.rules.variables);
      if (container === undefined || container.id !== id) {
        this.count('bad_inspects');
        this.tellAnnounced(id);
        return;
      }
      this.tell({ ...container, image: await this.imageOf(container) });
      this.settle(id);
      this.answeredAt = this.options.clock();
      this.options.onContainer?.(id);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (error.failure === 'stopped') return;
      this.count(error.code === '404' ? 'inspect_not_found' : `inspect_${error.failure}`);
      this.tellAnnounced(id);
    }
  }

  private async imageOf({ image, imageId }: ContainerFacts): Promise<string> {
    if (!isImageId(image, imageId)) return image;
    const known = this.images.get(imageId);
    if (known !== undefined) return known;
    try {
      const path = `${this.prefix}/images/${encodeURIComponent(imageId)}/json`;
      const { body } = await get(this.target, path, this.limits(ANSWER_BYTES), this.ending.signal);
      const name = readImageName(body);
      if (this.images.size >= IMAGES_MAX) this.images.delete(this.images.keys().next().value as string);
      this.images.set(imageId, name);
      return name;
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this.count('image_failed');
      return '';
    }
  }

  private tell(facts: ContainerFacts): void {
    const list = new TagList(this.options.separators, this.tagCounts);
    addContainerTags(list, facts, this.options.rules, 'docker');
    this.writer.set('container', CONTAINER + facts.id, list.tags);
    // The agent of ECS labels the containers of an instance with their task.
    const ecs = taskOfLabels(facts.labels);
    if (ecs === undefined) return;
    const ofTask = new TagList(this.options.separators, this.tagCounts);
    addTaskTags(ofTask, ecs.task, this.options.taskRules, false);
    ofTask.add('low', 'ecs_container_name', ecs.containerName);
    this.writer.set('task', CONTAINER + facts.id, ofTask.tags);
  }

  private limits(bytesMax: number) {
    return { deadlineMs: this.options.answerMs ?? ANSWER_MS, bytesMax };
  }

  private count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  private succeed(containers: number): void {
    const isNews = this.status !== 'running';
    this.status = 'running';
    this.failures = 0;
    this.answeredAt = this.options.clock();
    const fields = { collector: this.name, socket: this.options.socketPath, containers };
    if (isNews) this.options.log.info(fields, 'reading container tags from Docker');
  }

  private fail(problem: string, remedy: string): void {
    const isNews = this.status !== 'failing';
    this.status = 'failing';
    this.problem = { detail: problem, remedy };
    this.failures++;
    const fields = { collector: this.name, problem, remedy };
    if (isNews) this.options.log.warn(fields, 'cannot read container tags from Docker');
  }
}

/** `/v1.41` for a daemon that has it; no prefix, which is the daemon's newest, when it does not say. */
export function versionPrefix(offered: string | string[] | undefined): string {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(String(offered)) ?? [];
  if (major === undefined || minor === undefined) return '';
  const [ownMajor, ownMinor] = API_VERSION;
  const isOlder = Number(major) < ownMajor || (Number(major) === ownMajor && Number(minor) < ownMinor);
  return isOlder ? `/v${Number(major)}.${Number(minor)}` : `/v${ownMajor}.${ownMinor}`;
}

// 1795899768536072617   ─▶   1795899768.536072: rounded down, so the last event may come a second time
function sinceText(timeNano: number): string {
  const micros = Math.floor(timeNano / 1000) - 1;
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
}

function remedyFor({ failure, code }: { failure: AskFailure; code: string }, socketPath: string): string {
  if (code === 'ENOENT') return `start Docker, mount its socket at ${socketPath}, or name it in DOCKER_HOST`;
  if (code === 'EACCES')
    return `let this user read and write ${socketPath}, for example through the group of the socket`;
  if (code === 'ECONNREFUSED') return 'start Docker: its socket is there, but nothing listens';
  if (failure === 'status')
    return 'look at the log of the daemon or of the proxy before it; docs/origin.md lists the GETs that it must allow';
  return 'whippet tries again by itself';
}
