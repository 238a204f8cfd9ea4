/** The tags of an ECS task and of its containers (docs/origin.md#ecs). */
import { own } from '../tags/environment.ts';
import type { TagList } from '../tags/tag-list.ts';
import { type EcsArn, parseArn } from './arn.ts';
import type { EcsTask } from './task.ts';

/** What is known of a task from anywhere: its endpoint, the agent of its instance, labels of its containers. */
export type TaskFacts = Pick<
  EcsTask,
  'arn' | 'family' | 'version' | 'cluster' | 'service' | 'availabilityZone'
>;

export interface TaskTagRules {
  /** Whether there is a tag `cluster_name` beside `ecs_cluster_name` (`disable_cluster_name_tag_key`). */
  readonly hasClusterName: boolean;
}

const LABEL = 'com.amazonaws.ecs.';

/** `isFargate` adds the zone, which on EC2 is the instance's. */
export function addTaskTags(list: TagList, task: TaskFacts, rules: TaskTagRules, isFargate: boolean): void {
  const { arn, family, version, service, availabilityZone } = task;
  const place = parseArn(arn);
  list.add('low', 'task_name', family);
  list.add('low', 'task_family', family);
  list.add('low', 'task_version', version);
  list.add('orchestrator', 'task_arn', arn);
  if (place !== undefined && family !== '' && version !== '')
    list.add('orchestrator', 'task_definition_arn', arnOf(place, `task-definition/${family}:${version}`));
  list.add('low', 'aws_account', place?.account);
  list.add('low', 'region', place?.region);
  addClusterTags(list, task, rules);
  list.add('low', 'ecs_service', service.toLowerCase());
  const cluster = clusterName(task);
  if (place !== undefined && service !== '' && cluster !== '')
    list.add('low', 'service_arn', arnOf(place, `service/${cluster}/${service}`));
  if (!isFargate) return;
  list.add('low', 'availability_zone', availabilityZone);
  list.add('low', 'availability-zone', availabilityZone);
}

export function addClusterTags(
  list: TagList,
  task: Pick<TaskFacts, 'arn' | 'cluster'>,
  { hasClusterName }: TaskTagRules,
): void {
  const name = clusterName(task);
  const place = parseArn(task.cluster) ?? parseArn(task.arn);
  list.add('low', 'ecs_cluster_name', name);
  if (hasClusterName) list.add('low', 'cluster_name', name);
  if (place !== undefined && name !== '') list.add('low', 'cluster_arn', arnOf(place, `cluster/${name}`));
}

/** Tags that AWS's users have set; those of AWS itself begin with `aws:`. */
export function addResourceTags(list: TagList, tags: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(tags))
    if (!name.startsWith('aws:')) list.add('low', name.toLowerCase(), value.toLowerCase());
}

/** The task that Docker's labels of a container name on an instance of EC2; undefined for other containers. */
export function taskOfLabels(
  labels: Readonly<Record<string, string>>,
): { readonly task: TaskFacts; readonly containerName: string } | undefined {
  const arn = own(labels, `${LABEL}task-arn`) ?? '';
  if (arn === '') return undefined;
  const task = {
    ...{ arn, family: own(labels, `${LABEL}task-definition-family`) ?? '' },
    ...{ version: own(labels, `${LABEL}task-definition-version`) ?? '' },
    ...{ cluster: own(labels, `${LABEL}cluster`) ?? '', service: '', availabilityZone: '' },
  };
  return { task, containerName: own(labels, `${LABEL}container-name`) ?? '' };
}

function clusterName({ arn, cluster }: Pick<TaskFacts, 'arn' | 'cluster'>): string {
  // An ARN of a task names its cluster in the long form alone: task/<cluster>/<id>.
  if (cluster === '') return parseArn(arn)?.path.slice(1, -1)[0] ?? '';
  return parseArn(cluster)?.path[1] ?? cluster;
}

function arnOf({ partition, region, account }: EcsArn, resource: string): string {
  return `arn:${partition}:ecs:${region}:${account}:${resource}`;
}
