/**
 * Writes docs/configuration.md from the schema. Run as `node dist/config/document.js` after a build;
 * a test holds the committed file to the generated text.
 */
import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HANDY_FLAGS } from './handy-flags.ts';
import { CONFIG_KEYS, type ConfigKey, configSchema, valueAt } from './schema.ts';
import { showSetting } from './show-value.ts';
import { UNUSED_AGENT_KEYS } from './unused-agent-keys.ts';

const INTRODUCTION = `# Configuration

<!-- Generated from src/config by \`npm run docs\`. Change the schema, not this page. -->

Nothing has to be configured: \`whippet\` receives on UDP port 8125 of this machine, prints a summary of
every bucket and offers the metrics to Prometheus.

## Where values come from

Later sources win over earlier ones:

1. the defaults below;
2. a YAML file, given with \`--config FILE\` or the variable \`WHIPPET_CONFIG\`. It may be the
   \`datadog.yaml\` of an Agent;
3. environment variables: \`DD_*\` for the keys of the Agent, \`WHIPPET_*\` for ours. An empty variable
   counts as not set;
4. flags: \`--set key=value\` for any key, as often as needed, and the flags named below, which win over
   \`--set\`.

\`whippet config\` prints every key with its value and where the value comes from;
\`whippet config --check\` only validates.

\`\`\`yaml
dogstatsd_port: 8125
dogstatsd_tags:
  - env:prod
http:
  port: 8127
outputs.file.path: /var/log/metrics.jsonl # dots and maps mean the same
\`\`\`

Lists in variables and flags are separated by spaces, or written as a JSON array when items hold spaces:
\`DD_DOGSTATSD_TAGS="env:prod team:web"\`. Booleans are true or false; yes, no, on, off, 1 and 0 work too.

## When something is wrong

- A value that a key does not allow stops the program, with exit code 2. The error names the key, the value,
  where it comes from and what is allowed.
- So does an unknown key below \`http\`, \`outputs\`, \`intake\` or \`limits\`, an unknown \`WHIPPET_*\` variable and an
  unknown key of \`--set\`. The error suggests the nearest name.
- So does a mistake in a list of maps: an unknown field, or a mapper rule that does not compile. The error names
  the profile and the rule. \`whippet config --check\` also runs the examples beside mapper rules.
- An unknown \`dogstatsd_*\` or \`statsd_*\` key (or such a \`DD_*\` variable) is a warning, as is a name that looks like
  a slip of one that is known.
- Other keys of the Agent (\`logs_enabled\`, \`apm_config\`, …) are ignored.
- Variables that Kubernetes and Docker make for a service named \`whippet\` (\`WHIPPET_SERVICE_HOST\`,
  \`WHIPPET_PORT=udp://…\`) are ignored.
`;

const WORKLOADS = `## The workloads file

Origin detection adds the tags of the container or pod that a message comes from. Which workloads there are and what
tags they have is listed in a YAML file, named by the key \`workloads\`; a relative path starts at the working directory.

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

How many of the tags a message gets is its cardinality: \`none\`, \`low\`, \`orchestrator\` or \`high\`; it says so itself
(\`card:\`) or \`dogstatsd_tag_cardinality\` does. An unknown field or a wrong key in the file is an error, as in the
configuration. \`whippet explain\` shows which tags a message gets, and why.
`;

/** The whole page. */
export function documentConfiguration(): string {
  const own = CONFIG_KEYS.filter((key) => key.group === 'whippet');
  const agent = CONFIG_KEYS.filter((key) => key.group === 'agent');
  const parts = [
    INTRODUCTION,
    `## All keys\n\n${documentTable()}`,
    "## Keys of the Datadog Agent\n\nNamed and meant as in the Agent's `datadog.yaml`; differences are said.\n",
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
  const { what, trade, who, type, allowed, unit } = key.documentation;
  const names = [`variable \`${key.variable}\``];
  for (const handy of HANDY_FLAGS.filter((flag) => flag.key === key.path)) {
    names.push(`flag \`${[handy.flag, handy.argument ?? ''].join(' ').trim()}\``);
  }
  return `### \`${key.path}\`

${what}

- Type: ${type}${unit === undefined ? '' : ` (${unit})`}; default ${showDefault(key)}; allowed: ${escapeMarkdown(allowed)}
- Also: ${names.join(', ')}
- Trade: ${trade}
- Who should change it: ${who}
`;
}

function documentUnused(): string {
  const names = UNUSED_AGENT_KEYS.map((name) => `\`${name.replace(/\.$/, '.*')}\``);
  return `## Keys of the Agent that are accepted and not used

This version reads these without effect, and says so in one warning:

${names.map((name) => `- ${name}`).join('\n')}
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
  const page = new URL('../../docs/configuration.md', import.meta.url);
  writeFileSync(page, documentConfiguration());
  process.stdout.write(`wrote ${fileURLToPath(page)}\n`);
}
