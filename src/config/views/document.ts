/**
 * Writes docs/configuration.md from the schema. Run as `node dist/config/views/document.js` after a build;
 * a test holds the committed file to the generated text.
 */
import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UNUSED_AGENT_KEYS, type UnusedAgentKey } from '../keys/unused-agent-keys.ts';
import { CONFIG_KEYS, type ConfigKey, configSchema, valueAt } from '../schema.ts';
import { HANDY_FLAGS } from '../sources/handy-flags.ts';
import { showSetting } from './show-value.ts';

const INTRODUCTION = `# Configuration

<!-- Generated from src/config by \`npm run docs\`. Change the schema, not this page. -->

No configuration is required: by default, \`whippet\` receives on UDP port 8125 of this machine, prints a summary of
every bucket and serves the metrics to Prometheus.

## Where values come from

Later sources override earlier ones:

1. the defaults below;
2. a YAML file, given with \`--config FILE\` or the variable \`WHIPPET_CONFIG\`. It can be the
   \`datadog.yaml\` of an Agent;
3. environment variables: \`DD_*\` for the keys of the Agent, \`WHIPPET_*\` for whippet's own. An empty variable
   counts as not set;
4. flags: \`--set key=value\` for any key, as often as needed, and the flags named below, which override
   \`--set\`.

\`whippet config\` prints every key with its value and its source;
\`whippet config --check\` only validates the configuration.

\`\`\`yaml
dogstatsd_port: 8125
dogstatsd_tags:
  - env:prod
http:
  port: 8127
outputs.file.path: /var/log/metrics.jsonl # dotted keys and nested maps are equivalent
\`\`\`

In variables and flags, separate the items of a list by spaces, or write a JSON array when items contain spaces:
\`DD_DOGSTATSD_TAGS="env:prod team:web"\`. As in the Agent, a comma does not separate items; an item that contains a comma causes a
warning that suggests what was most likely meant. Booleans are true or false; yes, no, on, off, 1 and 0 work too.

Whitespace around a text value is removed. Quotes that are part of the value are rejected with an explanation, because they are almost
always one level of quoting too many, as in \`DD_API_KEY='"key"'\` or in an env file for Docker, which does not remove quotes. You can write
socket paths as clients do (\`unix://\`, \`unixgram://\`, \`unixstream://\`), and an IPv6 address in brackets.

## When something is wrong

These mistakes stop the program with exit code 2:

- A value that the key does not allow. The error names the key, the value, its source and what is allowed.
- An unknown key below \`http\`, \`outputs\`, \`listeners\` or \`limits\`, an unknown \`WHIPPET_*\` variable, or an
  unknown key of \`--set\`. The error suggests the nearest known name.
- A YAML value of a type that no key uses, such as \`!!binary\`, anywhere in the file.
- A reference to a secret backend, \`ENC[...]\`, because it would be delivered as if it were the value.
- A mistake in a list of maps: an unknown field, or a mapper rule that does not compile. The error names
  the profile and the rule. \`whippet config --check\` also runs the examples that accompany mapper rules.

These cause a warning:

- An unknown \`dogstatsd_*\` or \`statsd_*\` key (or the corresponding \`DD_*\` variable), or a name that looks like a misspelling of
  a known one.
- A key of the Agent that would change the data and is not used here. The warning says what is different without it.

These are ignored:

- Other keys of the Agent (\`logs_enabled\`, \`apm_config\`, …).
- Variables that Kubernetes and Docker create for a service named \`whippet\` (\`WHIPPET_SERVICE_HOST\`,
  \`WHIPPET_PORT=udp://…\`).
`;

const WORKLOADS = `## The workloads file

Origin detection adds the tags of the container or pod that a message comes from. A YAML file, named by the key \`workloads\`, lists
the workloads and their tags. A relative path starts at the working directory.

\`\`\`yaml
entities: # tags by entity; each level adds to the one before
  container_id://3f2a:
    low: [image:web, service:shop]
    orchestrator: [pod_name:web-1]
    high: [container_name:web]
  kubernetes_pod_uid://75a2b6d5: { low: [service:shop] }
inodes: # inode of a container's cgroup directory: container id (for c:in-…)
  4026531835: 3f2a
external: # POD_UID/CONTAINER_NAME: container id (for e:…); init:POD_UID/NAME for an init container
  75a2b6d5/web: 3f2a
global: # tags of everything
  low: [cluster:blue]
\`\`\`

The cardinality of a message decides how many of these tags it gets: \`none\`, \`low\`, \`orchestrator\` or \`high\`. The message
specifies it (\`card:\`), or else \`dogstatsd_tag_cardinality\` does. An unknown field or an invalid key in the file is an error, as in
the configuration. \`whippet explain\` shows which tags a message gets, and why.
`;

/** The whole page. */
export function documentConfiguration(): string {
  const own = CONFIG_KEYS.filter((key) => key.group === 'whippet');
  const agent = CONFIG_KEYS.filter((key) => key.group === 'agent');
  const parts = [
    INTRODUCTION,
    `## All keys\n\n${documentTable()}`,
    "## Keys of the Datadog Agent\n\nThese have the same names and meanings as in the Agent's `datadog.yaml`. Differences are noted.\n",
    ...agent.map(documentKey),
    '## Keys of whippet\n',
    ...own.map(documentKey),
    WORKLOADS,
    documentUnused(),
  ];
  return parts.join('\n');
}

function documentTable(): string {
  const rows = CONFIG_KEYS.map((key) => {
    const link = `[\`${key.path}\`](#${anchorOf(key.path)})`;
    return [link, key.documentation.type, showDefault(key)];
  });
  return layOutTable([['key', 'type', 'default'], ...rows]);
}

/** A table with its columns aligned, as the formatter of the repository wants it. */
function layOutTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('');
}

function documentKey(key: ConfigKey): string {
  const { what, trade, when, type, allowed, unit } = key.documentation;
  const names = [`variable \`${key.variable}\``];
  for (const handy of HANDY_FLAGS.filter((flag) => flag.key === key.path)) {
    names.push(`flag \`${[handy.flag, handy.argument ?? ''].join(' ').trim()}\``);
  }
  return `### \`${key.path}\`

${what}

- Type: ${type}${unit === undefined ? '' : ` (${unit})`}; default ${showDefault(key)}; allowed: ${escapeMarkdown(allowed)}
- Also: ${names.join(', ')}
- Trade-off: ${trade}
${when === undefined ? '' : `- Change it when ${when}\n`}`;
}

function documentUnused(): string {
  const shown = ({ name }: UnusedAgentKey): string => `\`${name.replace(/\.$/, '.*')}\``;
  const changing = UNUSED_AGENT_KEYS.filter(({ lost }) => lost !== undefined);
  const internal = UNUSED_AGENT_KEYS.filter(({ lost }) => lost === undefined);
  return `## Keys of the Agent that are accepted and not used

Each of these causes a warning that says what is different without it, unless its value makes no difference:

${layOutTable([['key', 'without it'], ...changing.map((key) => [shown(key), key.lost ?? ''])])}
These concern the internals of the Agent. A single warning names all that are set:

${internal.map((key) => `- ${shown(key)}`).join('\n')}

All other keys of the Agent are ignored silently: they concern logs, traces, checks and the Agent itself. \`expected_tags_duration\` is not
needed, because the tags of the host are always on the data.
`;
}

function showDefault(key: ConfigKey): string {
  const { defaultText } = key.documentation;
  if (defaultText !== undefined) return defaultText;
  const value = valueAt(configSchema.parse({}), key.path);
  if (value === '') return 'empty';
  if (Array.isArray(value) && value.length === 0) return 'empty list';
  return `\`${showSetting(value)}\``;
}

/** Without this, `__random__` in running text is bold. */
function escapeMarkdown(text: string): string {
  return text.replaceAll('__', '\\_\\_');
}

/** The anchor GitHub makes of a heading: letters, digits, hyphens and underscores stay. */
function anchorOf(path: string): string {
  return path.toLowerCase().replace(/[^a-z0-9_-]/g, '');
}

function isMain(): boolean {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url);
}

if (isMain()) {
  const page = new URL('../../../docs/configuration.md', import.meta.url);
  writeFileSync(page, documentConfiguration());
  process.stdout.write(`wrote ${fileURLToPath(page)}\n`);
}
