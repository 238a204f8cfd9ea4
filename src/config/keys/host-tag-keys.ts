/** Keys of the Agent for the tags and the name of this host (enrich/tags/host-tags.ts). */
import { z } from 'zod';
import { list, text, yesOrNo } from './key-types.ts';
import { textMap } from './text-map.ts';

const TAGS = {
  default: [],
  item: z.string().regex(/^[^\n\0]*$/),
  itemText: 'tags such as env:prod (no space after the colon, no line breaks)',
};
const TAG_VALUE = { default: '', pattern: /^[^\n\0]*$/, patternText: 'without line breaks' } as const;

export const hostTagKeys = {
  tags: list(TAGS, {
    what: 'Tags of this host. They are added, after every filter and rule, to all data of this host: metrics, events and service checks that name no other host. An Agent sends them to Datadog once, and Datadog adds them to the same data.',
    trade:
      'Every output gets them, so you can select by them everywhere. Each tag makes every series a little larger.',
    when: "you reuse an Agent's file, or want to mark all data of a host. `dogstatsd_tags` are added to data of other hosts as well.",
  }),
  extra_tags: list(TAGS, {
    what: 'More tags of this host, used like `tags`.',
    trade: 'None: both lists are combined. The Agent has two keys so that one can come from a variable.',
    when: "you want to add to the `tags` of an Agent's file through a variable.",
  }),
  env: text(TAG_VALUE, {
    what: 'Environment of this host, such as `prod`. It adds the tag `env:prod` to all data of the host, as `tags` does.',
    trade:
      'Tags from clients are kept: data that already has a different `env` then has two, as with an Agent.',
    when: 'you distinguish environments in Datadog.',
  }),
  cluster_name: text(TAG_VALUE, {
    what: 'Name of the Kubernetes cluster. It adds the tags `kube_cluster_name` and `cluster_name` to all data of this host, as `tags` does.',
    trade: 'It distinguishes clusters.',
    when: 'you run in Kubernetes. The server does not look the name up itself.',
  }),
  disable_cluster_name_tag_key: yesOrNo(
    { default: false },
    {
      what: 'Leaves out `cluster_name` and keeps `kube_cluster_name` and `ecs_cluster_name`.',
      trade: 'Every series has one tag less.',
      when: 'no dashboard uses the older tag.',
    },
  ),
  tag_value_split_separator: textMap('a map of tag keys to separators, as YAML or JSON', {
    what: 'Splits one of this host\'s `tags`, or a tag of a container, into several: with `{kafka_partition: ","}`, the tag `kafka_partition:0,1` becomes `kafka_partition:0` and `kafka_partition:1`.',
    trade: "None: it only makes an Agent's file work unchanged.",
  }),
};

export const hostnameFileKey = {
  hostname_file: text(
    { default: '' },
    {
      what: 'File that contains only the host name. `hostname` takes precedence over it. It is read at start and at a reload.',
      trade: 'Whatever provisioned the machine can write the name.',
      when: 'a file contains the name, as in cloud images.',
    },
  ),
};
