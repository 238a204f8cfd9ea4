/** Writes the tasks of an answer, their containers and the tags of everything into the tag store; what is not in it has ended. */
import { CONTAINER } from '../entity.ts';
import type { StoreWriter } from '../store-writer.ts';
import type { TagStore } from '../tag-store.ts';
import { addContainerTags, type ContainerTagRules } from '../tags/container-tags.ts';
import { type Separators, type TagCounts, TagList } from '../tags/tag-list.ts';
import type { EcsContainer, EcsTask } from './task.ts';
import { addClusterTags, addResourceTags, addTaskTags, type TaskTagRules } from './task-tags.ts';

export interface TaskWriterOptions {
  readonly store: TagStore;
  readonly rules: TaskTagRules;
  readonly containerRules: ContainerTagRules;
  readonly separators: Separators;
}

/** What else is known. */
export interface TaskSurroundings {
  /** The task of this server. */
  readonly own: EcsTask | undefined;
  readonly isFargate: boolean;
  /** Of the server's own task, and of the instance. */
  readonly taskTags: Readonly<Record<string, string>>;
  readonly instanceTags: Readonly<Record<string, string>>;
}

export class TaskWriter {
  readonly counts: TagCounts = { tooLongTags: 0, tooManyTags: 0 };
  private readonly options: TaskWriterOptions;
  private readonly writer: StoreWriter;

  constructor(options: TaskWriterOptions) {
    this.options = options;
    this.writer = options.store.writer('ecs');
  }

  get entities(): number {
    return this.writer.count;
  }

  write(tasks: readonly EcsTask[], around: TaskSurroundings): void {
    const { store } = this.options;
    const listed = new Set<string>();
    store.update(() => {
      for (const task of tasks) {
        for (const container of task.containers) {
          const entity = CONTAINER + container.id;
          this.writer.set('task', entity, this.taskTags(task, container, around).tags);
          this.writer.set('container', entity, this.containerTags(container, around).tags);
          listed.add(entity);
        }
      }
      this.writer.endOthers(listed);
      this.writer.setGlobal(this.globalTags(tasks, around).tags);
    });
  }

  private taskTags(task: EcsTask, { name }: EcsContainer, around: TaskSurroundings): TagList {
    const { own, isFargate } = around;
    const list = this.list();
    // The agent of an instance does not name the service of a task; the task itself does.
    const isOwn = own !== undefined && own.arn === task.arn;
    addTaskTags(list, isOwn ? own : task, this.options.rules, isFargate);
    list.add('low', 'ecs_container_name', name);
    if (isOwn) addResourceTags(list, around.taskTags);
    addResourceTags(list, around.instanceTags);
    return list;
  }

  private containerTags(container: EcsContainer, around: TaskSurroundings): TagList {
    const { id, runtimeName, name, image, imageId } = container;
    const list = this.list();
    // The agent of an instance tells no labels; those of the server's own containers are known from its task.
    const labels = around.own?.containers.find((one) => one.id === id)?.labels ?? container.labels;
    const facts = { id, name: runtimeName || name, image, imageId, labels, variables: {} };
    addContainerTags(list, facts, this.options.containerRules, 'other');
    return list;
  }

  /** On Fargate everything comes from the one task; on an instance, only the cluster is the same for all. */
  private globalTags(tasks: readonly EcsTask[], { own, isFargate }: TaskSurroundings): TagList {
    const list = this.list();
    const any = own ?? tasks[0];
    if (any === undefined) return list;
    if (isFargate) addTaskTags(list, any, this.options.rules, true);
    else addClusterTags(list, any, this.options.rules);
    return list;
  }

  private list(): TagList {
    return new TagList(this.options.separators, this.counts);
  }
}
