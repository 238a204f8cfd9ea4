/**
 * The tags of this host, as an Agent tells them to Datadog: `tags`, `extra_tags`, `env` and `cluster_name`.
 *
 *   page.views:1|c|#team:web ─▶ host web-1, tags team:web ─filters, rules─▶ + env:prod, region:eu
 *   page.views:1|c|#host:db-1 ─▶ host db-1: another host's, which has tags of its own
 *
 * An Agent sends them once, as metadata of the host, and Datadog adds them to everything of that host when it is looked at.
 * Here they are on the data (docs/differences.md), last of all tags, so that no filter or rule takes them off and what they
 * make equal is aggregated together: no output gets two points of one series and time.
 */
import { type ByteString, toByteString } from '../../model/text.ts';

/** Options under their names in the configuration file. */
export interface HostTagOptions {
  readonly tags: readonly string[];
  readonly extra_tags: readonly string[];
  readonly env: string;
  readonly cluster_name: string;
  readonly disable_cluster_name_tag_key: boolean;
  /** By the tag's key: what separates several values in one tag. */
  readonly tag_value_split_separator: Readonly<Record<string, string>>;
}

export const DEFAULT_HOST_TAG_OPTIONS: HostTagOptions = {
  tags: [],
  extra_tags: [],
  env: '',
  cluster_name: '',
  disable_cluster_name_tag_key: false,
  tag_value_split_separator: {},
};

/** Returns the tags sorted, each once. */
export function compileHostTags(options: HostTagOptions): readonly ByteString[] {
  const { tags, extra_tags, env, cluster_name, disable_cluster_name_tag_key } = options;
  const all = [...tags, ...extra_tags];
  if (env !== '') all.push(`env:${env}`);
  if (cluster_name !== '') {
    all.push(`kube_cluster_name:${cluster_name}`);
    if (!disable_cluster_name_tag_key) all.push(`cluster_name:${cluster_name}`);
  }
  const split = all.flatMap((tag) => splitValue(tag, options.tag_value_split_separator));
  return [...new Set(split.map(toByteString))].sort();
}

/** What tags of a host are added to. */
export interface HostTagSettings {
  readonly hostname: ByteString;
  readonly serverless: boolean;
  readonly hostTags: readonly ByteString[];
}

/** The host tags of something with `host`: none for another host; without hosts, in a serverless environment, always all. */
export function hostTagsOf(host: ByteString, settings: HostTagSettings): readonly ByteString[] {
  return settings.serverless || host === settings.hostname ? settings.hostTags : NO_TAGS;
}

const NO_TAGS: readonly ByteString[] = [];

// kafka_partition:0,1,2 with {kafka_partition: ','}   kafka_partition:0, kafka_partition:1, kafka_partition:2
function splitValue(tag: string, separators: HostTagOptions['tag_value_split_separator']): string[] {
  const colon = tag.indexOf(':');
  const key = tag.slice(0, Math.max(colon, 0));
  if (colon < 0 || !Object.hasOwn(separators, key)) return [tag];
  return tag
    .slice(colon + 1)
    .split(separators[key] as string)
    .map((value) => `${key}:${value}`);
}
