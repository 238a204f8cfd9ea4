/** Where each of the final tags came from: read off the steps, in the order in which tags were added. */
import type { EnrichStep, OriginSource } from '../../enrich/trace.ts';
import type { ByteString } from '../../model/text.ts';

const ORIGIN_WORDS: Readonly<Record<OriginSource, string>> = {
  socket: 'seen by the socket',
  container: 'container of the c: field',
  external: 'container of the e: field',
  entity_id: 'pod of dd.internal.entity_id',
  external_pod: 'pod of the e: field',
  global: 'everything here',
};

/** Returns a source for every tag that was ever there; of several sources the first gave the tag. */
export function tagSources(
  lineTags: readonly ByteString[],
  steps: readonly EnrichStep[],
): ReadonlyMap<ByteString, string> {
  const sources = new Map<ByteString, string>();
  const add = (tags: readonly ByteString[], source: string): void => {
    for (const tag of tags) if (!sources.has(tag)) sources.set(tag, source);
  };
  add(lineTags, 'line');
  for (const step of steps) {
    if (step.kind === 'mapped') add(step.tags, 'mapper');
    else if (step.kind === 'extra_tags') add(step.tags, 'dogstatsd_tags');
    else if (step.kind === 'host_tags') add(step.tags, 'tags of this host');
    else if (step.kind === 'origin') add(step.tags ?? [], describeOrigin(step.source, step.entity));
  }
  return sources;
}

export function describeOrigin(source: OriginSource, entity: ByteString): string {
  return source === 'global' ? 'workloads, global' : `${entity}, ${ORIGIN_WORDS[source]}`;
}
