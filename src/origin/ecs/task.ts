/**
 * Reads tasks, as the metadata endpoints of a task (v4, v3, v2) and the ECS agent of an instance answer them, without
 * trusting their shape (docs/origin.md#ecs).
 *
 *   v4, v3, v2   one task: Cluster, TaskARN, Family, Revision, Containers[{DockerId, Name, DockerName, Image, Labels, …}]
 *   v1/tasks     many:     Tasks[{Arn, Family, Version, Containers[{DockerId, DockerName, Name}]}]
 */
import { fieldsOf, listOf, textOf, textsOf } from '../tags/shape.ts';

export interface EcsContainer {
  readonly id: string;
  /** Its name in the definition of the task. */
  readonly name: string;
  /** Its name at the container runtime. */
  readonly runtimeName: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EcsTask {
  readonly arn: string;
  readonly family: string;
  /** Revision of the definition. */
  readonly version: string;
  /** Name or ARN; empty when the answer does not say. */
  readonly cluster: string;
  readonly service: string;
  /** FARGATE, EC2, EXTERNAL; empty when the answer does not say, as before v4. */
  readonly launchType: string;
  readonly availabilityZone: string;
  /** Those that run. */
  readonly containers: readonly EcsContainer[];
  /** What AWS's users have tagged the task and its instance with; only `taskWithTags` says. */
  readonly taskTags: Readonly<Record<string, string>>;
  readonly instanceTags: Readonly<Record<string, string>>;
}

// Docker's, or 32 digits, a dash and a number on Fargate.
const CONTAINER_ID = /^(?:[0-9a-f]{64}|[0-9a-f]{32}-\d{1,20})$/;
/** Holds the network of a task and never sends anything. */
const PAUSE = '~internal~ecs~pause';
const ENDED = 'STOPPED';

/** Undefined when the answer is no task. */
export function readTask(body: unknown): EcsTask | undefined {
  const fields = fieldsOf(body);
  const arn = textOf(fields.TaskARN);
  if (arn === '' || !Array.isArray(fields.Containers)) return undefined;
  return {
    ...{ arn, family: textOf(fields.Family), version: versionOf(fields.Revision) },
    ...{ cluster: textOf(fields.Cluster), service: textOf(fields.ServiceName) },
    ...{ launchType: textOf(fields.LaunchType), availabilityZone: textOf(fields.AvailabilityZone) },
    containers: readContainers(fields.Containers),
    ...{ taskTags: textsOf(fields.TaskTags), instanceTags: textsOf(fields.ContainerInstanceTags) },
  };
}

/** The tasks of an instance; undefined when the answer is no list of them. `bad` is how many of its items are none. */
export function readTasks(
  body: unknown,
  cluster: string,
): { readonly tasks: EcsTask[]; readonly bad: number } | undefined {
  const { Tasks } = fieldsOf(body);
  if (!Array.isArray(Tasks)) return undefined;
  const tasks: EcsTask[] = [];
  let bad = 0;
  for (const item of Tasks) {
    const { Arn, Family, Version, KnownStatus, Containers } = fieldsOf(item);
    const arn = textOf(Arn);
    if (arn === '') bad++;
    else if (KnownStatus !== ENDED)
      tasks.push({
        ...{ arn, family: textOf(Family), version: versionOf(Version), cluster },
        ...{ service: '', launchType: 'EC2', availabilityZone: '', taskTags: {}, instanceTags: {} },
        containers: readContainers(Containers),
      });
  }
  return { tasks, bad };
}

/** Name or ARN of the cluster that an ECS agent says it belongs to; undefined when the answer is none of its. */
export function readCluster(body: unknown): string | undefined {
  const { Cluster } = fieldsOf(body);
  return typeof Cluster === 'string' ? Cluster : undefined;
}

function readContainers(list: unknown): EcsContainer[] {
  return listOf(list).flatMap((item) => {
    const fields = fieldsOf(item);
    const id = textOf(fields.DockerId);
    const name = textOf(fields.Name);
    if (!CONTAINER_ID.test(id) || fields.KnownStatus === ENDED) return [];
    if (name.startsWith(PAUSE) || fields.Type === 'CNI_PAUSE') return [];
    return [
      {
        ...{ id, name, runtimeName: textOf(fields.DockerName), labels: textsOf(fields.Labels) },
        ...{ image: textOf(fields.Image), imageId: textOf(fields.ImageID) },
      },
    ];
  });
}

/** A text in every version, and a number in some examples of v2. */
function versionOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : textOf(value);
}
