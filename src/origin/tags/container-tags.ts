/**
 * The tags of a container as its runtime knows it (docs/origin.md#containers). Pods have more (kubernetes/pod-tags.ts).
 */
import { addVariables, own } from './environment.ts';
import { parseImageReference } from './image-reference.ts';
import type { NameRules } from './names-as-tags.ts';
import { listOf, parseJson } from './shape.ts';
import type { TagList } from './tag-list.ts';

/** What is kept of a container. */
export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  /** Reference of its image, empty when it has none. */
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Those on the include list. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface ContainerTagRules {
  readonly labels: NameRules;
  readonly variables: NameRules;
}

const STANDARD_LABELS = {
  'com.datadoghq.tags.env': 'env',
  'com.datadoghq.tags.service': 'service',
  'com.datadoghq.tags.version': 'version',
} as const;
const LOW_LABELS = {
  'org.opencontainers.image.revision': 'git.commit.sha',
  'org.opencontainers.image.source': 'git.repository_url',
  'com.docker.swarm.service.name': 'swarm_service',
  'com.docker.stack.namespace': 'swarm_namespace',
  'io.rancher.stack.name': 'rancher_stack',
  'io.rancher.stack_service.name': 'rancher_service',
} as const;
const RANCHER_CONTAINER = 'io.rancher.container.name';
const TAGS_LABEL = 'com.datadoghq.ad.tags';

/** Adds all of them; `runtime` docker has one of its own. */
export function addContainerTags(
  list: TagList,
  facts: ContainerFacts,
  rules: ContainerTagRules,
  runtime: 'docker' | 'other',
): void {
  const { id, name, labels, variables } = facts;
  addImageTags(list, facts.image, facts.imageId);
  if (runtime === 'docker') {
    const { name: imageName, tag } = parseImageReference(facts.image);
    list.add('low', 'docker_image', tag === '' ? imageName : `${imageName}:${tag}`);
  }
  list.add('high', 'container_name', name.replace(/^\//, ''));
  list.add('high', 'container_id', id);
  for (const [label, tagName] of Object.entries(STANDARD_LABELS)) list.standard(tagName, own(labels, label));
  addVariables(list, variables, rules.variables);
  for (const [label, tagName] of Object.entries(LOW_LABELS)) list.add('low', tagName, own(labels, label));
  list.add('high', 'rancher_container', own(labels, RANCHER_CONTAINER));
  for (const [tagName, value] of listedTags(own(labels, TAGS_LABEL))) list.add('high', tagName, value);
  rules.labels.addTo(list, labels);
}

export function addImageTags(list: TagList, image: string, imageId: string): void {
  const { name, short, tag } = parseImageReference(image);
  list.add('low', 'image_name', name);
  list.add('low', 'short_image', short);
  list.add('low', 'image_tag', tag);
  list.add('low', 'image_id', imageId);
}

// ["team:a","x:y"]    an item without exactly one colon is left out, as an Agent does
function* listedTags(json: string | undefined): Generator<readonly [string, string]> {
  if (json === undefined) return;
  for (const item of listOf(parseJson(json))) {
    const [name, value, ...more] = typeof item === 'string' ? item.split(':') : [];
    if (name !== undefined && value !== undefined && more.length === 0) yield [name, value];
  }
}
