/**
 * Reads pod lists, as the kubelet's /pods and the API server answer them, without trusting their shape. Of environments only
 * what may become tags is kept (docs/origin.md#what-is-kept).
 */
import { isIncluded, own, setOwn } from '../tags/environment.ts';
import type { NameRules } from '../tags/names-as-tags.ts';
import { fieldsOf, listOf, textOf, textsOf } from '../tags/shape.ts';

export interface PodContainer {
  readonly name: string;
  /** Without the runtime's name before it. */
  readonly id: string;
  readonly image: string;
  readonly imageId: string;
  readonly isInit: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

export interface Owner {
  readonly kind: string;
  readonly name: string;
}

export interface PodFacts {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  readonly priorityClass: string;
  readonly qosClass: string;
  readonly runtimeClass: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly Owner[];
  /** Those that have an id: the others are not there yet. */
  readonly containers: readonly PodContainer[];
}

const MIRROR = 'kubernetes.io/config.mirror';
const SPECS = ['initContainers', 'containers', 'ephemeralContainers'] as const;
const STATUSES = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const;

/** Undefined when the answer is no list of pods; `bad` is how many of its items are none. */
export function readPodList(
  body: unknown,
  variables: NameRules,
): { readonly pods: PodFacts[]; readonly bad: number } | undefined {
  const { items, kind } = fieldsOf(body);
  if (!Array.isArray(items) && kind !== 'PodList') return undefined;
  const pods: PodFacts[] = [];
  let bad = 0;
  for (const item of listOf(items)) {
    const pod = readPod(item, variables);
    if (pod === undefined) bad++;
    else pods.push(pod);
  }
  return { pods, bad };
}

/** Undefined for what is no pod. */
export function readPod(item: unknown, variables: NameRules): PodFacts | undefined {
  const { metadata, spec, status } = fieldsOf(item);
  const { name, namespace, labels, annotations, ownerReferences } = fieldsOf(metadata);
  const uid = readUid(item);
  if (uid === '' || textOf(name) === '') return undefined;
  const { priorityClassName, runtimeClassName } = fieldsOf(spec);
  const { phase, qosClass } = fieldsOf(status);
  return {
    ...{ uid, name: textOf(name), namespace: textOf(namespace), phase: textOf(phase) },
    ...{ priorityClass: textOf(priorityClassName), qosClass: textOf(qosClass) },
    ...{ runtimeClass: textOf(runtimeClassName), labels: textsOf(labels), annotations: textsOf(annotations) },
    owners: listOf(ownerReferences).map((owner) => {
      const { kind, name: ownerName } = fieldsOf(owner);
      return { kind: textOf(kind), name: textOf(ownerName) };
    }),
    containers: SPECS.flatMap((list, i) =>
      readContainers(fieldsOf(spec)[list], fieldsOf(status)[STATUSES[i] as string], i === 0, variables),
    ),
  };
}

/**
 * Empty for what is no pod. The API server shows a mirror of a static pod, with a uid of its own; what clients know is that of
 * the kubelet, which an annotation has.
 */
export function readUid(item: unknown): string {
  const { uid, annotations } = fieldsOf(fieldsOf(item).metadata);
  return textOf(fieldsOf(annotations)[MIRROR]) || textOf(uid);
}

/** The image is that of the specification, the id that of the status. */
function readContainers(
  specs: unknown,
  statuses: unknown,
  isInit: boolean,
  rules: NameRules,
): PodContainer[] {
  const byName = new Map(listOf(specs).map((spec) => [textOf(fieldsOf(spec).name), fieldsOf(spec)]));
  return listOf(statuses).flatMap((status) => {
    const { name, containerID, imageID } = fieldsOf(status);
    // containerd://3f2a…
    const id = /^[a-z0-9-]+:\/\/([0-9a-zA-Z-]+)$/.exec(textOf(containerID))?.[1];
    const spec = byName.get(textOf(name));
    if (id === undefined || spec === undefined) return [];
    const variables = readVariables(spec.env, rules);
    const imageId = textOf(imageID).replace('docker-pullable://', '');
    return [{ name: textOf(name), id, image: textOf(spec.image), imageId, isInit, variables }];
  });
}

/** Values that stand in the specification; those of secrets and config maps are not known to the kubelet. */
function readVariables(env: unknown, rules: NameRules): Record<string, string> {
  const all: Record<string, string> = {};
  const kept: Record<string, string> = {};
  for (const entry of listOf(env)) {
    const { name, value } = fieldsOf(entry);
    if (typeof name !== 'string' || typeof value !== 'string') continue;
    // $(VAR) is the value of an earlier one; $$(VAR) is the text itself.
    const expanded = value.replace(/\$\$|\$\(([^()$]*)\)/g, (text, earlier: string | undefined) =>
      earlier === undefined ? '$' : (own(all, earlier) ?? text),
    );
    setOwn(all, name, expanded);
    if (isIncluded(name, rules)) setOwn(kept, name, expanded);
  }
  return kept;
}
