/**
 * What is kept of Docker's answers and events about a container (docs/origin.md#docker).
 *
 *   inspect          name, image, labels, and of the environment what is on the include list
 *   create, start    of an event: name, image and labels; there is no environment in it
 */
import type { ContainerFacts } from '../tags/container-tags.ts';
import { includedVariables, own } from '../tags/environment.ts';
import type { NameRules } from '../tags/names-as-tags.ts';
import { fieldsOf, listOf, textOf, textsOf } from '../tags/shape.ts';

export interface DockerEvent {
  /** Without what follows its colon: `exec_create: /bin/sh` is `exec_create`. */
  readonly action: string;
  readonly id: string;
  /** Nanoseconds since 1970, of which a JSON number keeps all but the last three digits; 0 when the event does not say. */
  readonly timeNano: number;
  readonly facts: ContainerFacts;
}

const ID = /^[0-9a-f]{64}$/;
/** Attributes of an event that are no labels. */
const NO_LABELS = new Set(['image', 'name', 'exitCode', 'oldName', 'signal', 'execID', 'execDuration']);

export function isContainerId(text: string): boolean {
  return ID.test(text);
}

/** Undefined when the answer is not that of a container. */
export function readInspect(body: unknown, variables: NameRules): ContainerFacts | undefined {
  const { Id, Name, Image, Config } = fieldsOf(body);
  const id = textOf(Id);
  if (!isContainerId(id)) return undefined;
  const { Image: reference, Labels, Env } = fieldsOf(Config);
  return {
    ...{ id, name: textOf(Name), image: textOf(reference), imageId: textOf(Image), labels: textsOf(Labels) },
    variables: includedVariables(listOf(Env), variables),
  };
}

/** Undefined for events that are not about a container. */
export function readEvent(value: unknown): DockerEvent | undefined {
  const { Type, Action, Actor, timeNano } = fieldsOf(value);
  const { ID: actor, Attributes } = fieldsOf(Actor);
  const id = textOf(actor);
  if (textOf(Type) !== 'container' || !isContainerId(id)) return undefined;
  const attributes = textsOf(Attributes);
  const labels = Object.fromEntries(Object.entries(attributes).filter(([name]) => !NO_LABELS.has(name)));
  const name = own(attributes, 'name') ?? '';
  const image = own(attributes, 'image') ?? '';
  const [action = ''] = textOf(Action).split(':');
  return {
    ...{ action, id, timeNano: Number.isFinite(timeNano) ? Number(timeNano) : 0 },
    facts: { id, name, image, imageId: '', labels, variables: {} },
  };
}

/** Ids of a list of containers, and how many of its entries have none. */
export function readList(body: unknown): { readonly ids: string[]; readonly bad: number } {
  const all = listOf(body).map((one) => textOf(fieldsOf(one).Id));
  const ids = all.filter(isContainerId);
  return { ids, bad: all.length - ids.length };
}

/** The first name of an image; empty when it has none. */
export function readImageName(body: unknown): string {
  const { RepoTags, RepoDigests } = fieldsOf(body);
  return textOf([...listOf(RepoTags), ...listOf(RepoDigests)].find((name) => textOf(name) !== ''));
}

/** Whether a reference is only the id of the image, whole or shortened. */
export function isImageId(reference: string, imageId: string): boolean {
  if (reference.startsWith('sha256:')) return true;
  return /^[0-9a-f]{6,64}$/.test(reference) && imageId.startsWith(`sha256:${reference}`);
}
