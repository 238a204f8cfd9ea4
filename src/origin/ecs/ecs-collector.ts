/**
 * Collector of ECS: the tasks whose containers this server may hear from (docs/origin.md#ecs).
 *
 *   Fargate   <v4>/task, <v3>/task or v2/metadata   ─▶ its own task: tags of its containers, and of everything
 *   EC2       <agent>/v1/metadata, <agent>/v1/tasks ─▶ all tasks of the instance; the cluster's tags for everything
 *             <v4>/task                             ─▶ service of its own task; alone when the agent does not answer
 *             <v4>/taskWithTags                     ─▶ tags of resources, where they are wanted: slow, so kept
 *
 * Thread  the control thread; nothing waits for it.
 * Limits  asks every POLL_MS, and sooner when something of an unknown container came (poll-loop.ts). ANSWER_MS and
 *         ANSWER_BYTES for an answer; TAGS_MS between two questions for tags of resources. Answers never reach the log.
 */
import type { Collector, CollectorLog, CollectorState } from '../collector.ts';
import { AskError, get } from '../http/ask.ts';
import { PollLoop } from '../poll-loop.ts';
import { Progress } from '../progress.ts';
import type { TagStore } from '../tag-store.ts';
import type { ContainerTagRules } from '../tags/container-tags.ts';
import type { Separators } from '../tags/tag-list.ts';
import { type EcsTask, readCluster, readTask, readTasks } from './task.ts';
import type { TaskTagRules } from './task-tags.ts';
import { TaskWriter } from './task-writer.ts';

const POLL_MS = 5000;
const ANSWER_MS = 2000;
const ANSWER_BYTES = 8 * 1024 * 1024;
const TAGS_MS = 300_000;

export interface EcsOptions {
  readonly store: TagStore;
  /** Where the task of this server is described, the newest version first; empty outside of tasks. */
  readonly taskUrls: readonly string[];
  /** Where the ECS agent of the instance may answer, in this order; empty on Fargate. */
  readonly agentUrls: readonly string[];
  /** Known from the environment; when false, the answer of the task says. */
  readonly isFargate: boolean;
  /** Whether tags of resources become tags, on EC2. */
  readonly collectsResourceTags: boolean;
  readonly rules: TaskTagRules;
  readonly containerRules: ContainerTagRules;
  readonly separators: Separators;
  readonly log: CollectorLog;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  readonly pollMs?: number;
  readonly retryMs?: number;
  readonly answerMs?: number;
}

export class EcsCollector implements Collector {
  readonly name = 'ecs';
  private readonly options: EcsOptions;
  private readonly writer: TaskWriter;
  private readonly progress: Progress;
  private readonly loop: PollLoop;
  /** What it read last. */
  private reads = '';
  /** What would have it find more. */
  private remedy = '';
  /** Whether the agent of the instance has ever answered. */
  private hasAgent = false;
  private resourceTags: Pick<EcsTask, 'taskTags' | 'instanceTags'> = { taskTags: {}, instanceTags: {} };
  private resourceTagsAt = Number.NEGATIVE_INFINITY;

  constructor(options: EcsOptions) {
    this.options = options;
    const { log, clock, pollMs = POLL_MS, retryMs } = options;
    this.writer = new TaskWriter(options);
    this.progress = new Progress({
      ...{ name: this.name, log, clock, works: 'ECS is read for the tags of tasks' },
      stopped: 'ECS cannot be read for the tags of tasks',
    });
    const ask = (): Promise<boolean> => this.read();
    this.loop = new PollLoop({ ask, pollMs, clock, ...(retryMs !== undefined && { retryMs }) });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  state(): CollectorState {
    return this.progress.state(this.reads, this.writer.entities, { ...this.writer.counts }, this.remedy);
  }

  /** Asks again, soon. */
  find(): Promise<void> {
    return this.loop.find();
  }

  private async read(): Promise<boolean> {
    const { progress } = this;
    try {
      const own = await this.attempt(() => this.ownTask());
      const isFargate = this.options.isFargate || own.value?.launchType === 'FARGATE';
      if (isFargate) {
        if (own.value === undefined) throw own.error ?? this.nothingToAsk();
        this.tell([own.value], own.value, true, '');
        return true;
      }
      const agent = await this.attempt(() => this.agentTasks());
      if (agent.value !== undefined) this.tell(agent.value, own.value, false, '');
      // An agent that has answered before is only away: nothing is to be taken as ended.
      else if (own.value !== undefined && !this.hasAgent)
        this.tell([own.value], own.value, false, AGENT_REMEDY);
      else throw agent.error ?? own.error ?? this.nothingToAsk();
      return true;
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (error.failure === 'stopped') return false;
      progress.fail(`failed_${error.failure}`, error.message, this.remedyFor(error));
      return false;
    }
  }

  private tell(
    tasks: readonly EcsTask[],
    own: EcsTask | undefined,
    isFargate: boolean,
    remedy: string,
  ): void {
    const isNews = remedy !== '' && this.remedy === '';
    this.remedy = remedy;
    this.writer.write(tasks, { own, isFargate, ...this.resourceTags });
    this.progress.succeed({ url: this.reads, tasks: tasks.length, ...(remedy !== '' && { remedy }) });
    const fields = { collector: this.name, url: this.reads, remedy };
    if (isNews) this.options.log.warn(fields, 'ECS only reports the task this server runs in');
  }

  /** Undefined outside of tasks. The newest version that answers counts. */
  private async ownTask(): Promise<EcsTask | undefined> {
    let first: AskError | undefined;
    for (const url of this.options.taskUrls) {
      try {
        const task = readTask(await this.get(url, ''));
        if (task === undefined) throw new AskError('no_json', `${url} did not answer with a task`);
        this.reads = url;
        await this.readResourceTags(url, task);
        return task;
      } catch (error) {
        if (!(error instanceof AskError) || error.failure === 'stopped') throw error;
        this.progress.add(`task_${error.failure}`);
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
    return undefined;
  }

  private async agentTasks(): Promise<EcsTask[] | undefined> {
    let last: AskError | undefined;
    for (const url of this.options.agentUrls) {
      try {
        const cluster = readCluster(await this.get(url, '/v1/metadata'));
        const list = cluster === undefined ? undefined : readTasks(await this.get(url, '/v1/tasks'), cluster);
        if (list === undefined) throw new AskError('no_json', `${url} did not answer as an ECS agent does`);
        if (list.bad > 0) this.progress.add('bad_tasks', list.bad);
        this.reads = `${url}/v1/tasks`;
        this.hasAgent = true;
        return list.tasks;
      } catch (error) {
        if (!(error instanceof AskError) || error.failure === 'stopped') throw error;
        this.progress.add(`agent_${error.failure}`);
        last = error;
      }
    }
    if (last !== undefined) throw last;
    return undefined;
  }

  /** Only the newest version has them, and only on EC2 they count. A failure costs nothing but them. */
  private async readResourceTags(url: string, { launchType }: EcsTask): Promise<void> {
    const { collectsResourceTags, isFargate, clock } = this.options;
    if (!collectsResourceTags || isFargate || launchType !== 'EC2' || !url.endsWith('/task')) return;
    if (clock() - this.resourceTagsAt < TAGS_MS) return;
    this.resourceTagsAt = clock();
    try {
      const task = readTask(await this.get(`${url}WithTags`, ''));
      if (task !== undefined) this.resourceTags = task;
      else this.progress.add('resource_tags_bad');
    } catch (error) {
      if (!(error instanceof AskError) || error.failure === 'stopped') throw error;
      this.progress.add('resource_tags_failed');
    }
  }

  private async get(url: string, path: string): Promise<unknown> {
    const limits = { deadlineMs: this.options.answerMs ?? ANSWER_MS, bytesMax: ANSWER_BYTES };
    return (await get({ url }, path, limits, this.loop.signal)).body;
  }

  private async attempt<Value>(work: () => Promise<Value>): Promise<{ value?: Value; error?: AskError }> {
    try {
      return { value: await work() };
    } catch (error) {
      if (!(error instanceof AskError) || error.failure === 'stopped') throw error;
      return { error };
    }
  }

  private nothingToAsk(): AskError {
    return new AskError('unreachable', 'nothing says where the metadata of tasks is');
  }

  private remedyFor({ failure }: AskError): string {
    const { taskUrls, isFargate } = this.options;
    if (isFargate && taskUrls.length === 0)
      return 'let the server see the variable ECS_CONTAINER_METADATA_URI_V4 of its container';
    if (isFargate || failure === 'status' || failure === 'no_json') return 'whippet tries again by itself';
    return AGENT_REMEDY;
  }
}

const AGENT_REMEDY =
  'let the server reach the ECS agent of the instance: network mode host, or ecs_agent_url with its address';
