/** The tags of a pod and of its containers (docs/origin.md#pods). */
import { addImageTags } from '../tags/container-tags.ts';
import { addVariables, own } from '../tags/environment.ts';
import type { NameRules } from '../tags/names-as-tags.ts';
import { fieldsOf, parseJson } from '../tags/shape.ts';
import type { TagList } from '../tags/tag-list.ts';
import type { Owner, PodContainer, PodFacts } from './pod.ts';

export interface PodTagRules {
  readonly labels: NameRules;
  readonly annotations: NameRules;
  readonly variables: NameRules;
}

const UNIFIED = ['env', 'service', 'version'] as const;
const APP_LABELS = {
  'app.kubernetes.io/name': 'kube_app_name',
  'app.kubernetes.io/instance': 'kube_app_instance',
  'app.kubernetes.io/version': 'kube_app_version',
  'app.kubernetes.io/component': 'kube_app_component',
  'app.kubernetes.io/part-of': 'kube_app_part_of',
  'app.kubernetes.io/managed-by': 'kube_app_managed_by',
} as const;
const OWNER_TAGS: Readonly<Record<string, string>> = {
  Deployment: 'kube_deployment',
  ReplicaSet: 'kube_replica_set',
  DaemonSet: 'kube_daemon_set',
  StatefulSet: 'kube_stateful_set',
  ReplicationController: 'kube_replication_controller',
};
const ROLLOUT_LABEL = 'rollouts-pod-template-hash';
// What a deployment puts behind its name: letters that make no words, or only digits in clusters before 1.8.
const REPLICA_SET = /^(.+)-(?:[bcdfghjklmnpqrstvwxz2456789]{3,}|\d{3,})$/;
const CRON_JOB = /^(.+)-\d+$/;

export function addPodTags(list: TagList, pod: PodFacts, rules: PodTagRules): void {
  const { labels, annotations } = pod;
  list.add('orchestrator', 'pod_name', pod.name);
  list.add('low', 'kube_namespace', pod.namespace);
  list.add('low', 'pod_phase', pod.phase.toLowerCase());
  list.add('low', 'kube_priority_class', pod.priorityClass);
  list.add('low', 'kube_qos', pod.qosClass);
  list.add('low', 'kube_runtime_class', pod.runtimeClass);
  for (const name of UNIFIED) list.standard(name, own(labels, `tags.datadoghq.com/${name}`));
  for (const [label, name] of Object.entries(APP_LABELS)) list.add('low', name, own(labels, label));
  for (const owner of pod.owners) addOwner(list, owner, labels);
  list.add('low', 'oshift_deployment_config', own(annotations, 'openshift.io/deployment-config.name'));
  list.add('orchestrator', 'oshift_deployment', own(annotations, 'openshift.io/deployment.name'));
  addListed(list, own(annotations, 'ad.datadoghq.com/tags'));
  rules.labels.addTo(list, labels);
  rules.annotations.addTo(list, annotations);
}

/** What a container has beside the tags of its pod. */
export function addPodContainerTags(
  list: TagList,
  pod: PodFacts,
  container: PodContainer,
  rules: PodTagRules,
): void {
  const { name, id, image, imageId, variables } = container;
  list.add('low', 'kube_container_name', name);
  list.add('high', 'container_id', id);
  list.add('high', 'display_container_name', `${name}_${pod.name}`);
  addImageTags(list, image, imageId);
  for (const tag of UNIFIED) list.standard(tag, own(pod.labels, `tags.datadoghq.com/${name}.${tag}`));
  addVariables(list, variables, rules.variables);
  addListed(list, own(pod.annotations, `ad.datadoghq.com/${name}.tags`));
}

function addOwner(list: TagList, { kind, name }: Owner, labels: PodFacts['labels']): void {
  list.add('low', 'kube_ownerref_kind', kind.toLowerCase());
  list.add('orchestrator', 'kube_ownerref_name', name);
  if (kind === 'Job') {
    const cronJob = CRON_JOB.exec(name)?.[1];
    list.add(cronJob === undefined ? 'low' : 'orchestrator', 'kube_job', name);
    list.add('low', 'kube_cronjob', cronJob);
    return;
  }
  const tag = Object.hasOwn(OWNER_TAGS, kind) ? OWNER_TAGS[kind] : undefined;
  if (tag !== undefined) list.add('low', tag, name);
  if (kind !== 'ReplicaSet') return;
  const deployment = REPLICA_SET.exec(name)?.[1];
  list.add('low', 'kube_deployment', deployment);
  if (own(labels, ROLLOUT_LABEL) !== undefined) list.add('low', 'kube_argo_rollout', deployment);
}

// {"team":"a","zones":["1","2"]}    values that are no text are left out
function addListed(list: TagList, json: string | undefined): void {
  if (json === undefined) return;
  for (const [name, value] of Object.entries(fieldsOf(parseJson(json))))
    for (const one of Array.isArray(value) ? value : [value])
      if (typeof one === 'string') list.auto(name, one);
}
