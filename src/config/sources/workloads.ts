/**
 * Reads the file of the key `workloads`: which workloads run here and what tags they have, for origin
 * detection without an orchestrator (docs/behaviour/origin.md#resolution).
 *
 *   entities:                                     tags by entity; each level adds to the one before
 *     container_id://3f2a:
 *       low: [image:web]
 *       orchestrator: [pod_name:web-1]
 *       high: [container_id:3f2a]
 *     kubernetes_pod_uid://75a2: { low: [service:web] }
 *   inodes:                                       cgroup inode ─▶ container id
 *     4026531835: 3f2a
 *   external:                                     pod uid/container name ─▶ container id
 *     75a2/web: 3f2a
 *     init:75a2/setup: 77b0                       the same for an init container
 *   global: { low: [cluster:blue] }               tags of everything
 *
 * Out  a plain object, which can be sent to the listener threads. All scalars are text, as they are written.
 */
import { z } from 'zod';
import { entry, line, listOf, optional } from './entries.ts';
import type { Findings } from './setting.ts';
import { readYamlFile } from './yaml-file.ts';

const levels = entry({
  low: optional(listOf(line())),
  orchestrator: optional(listOf(line())),
  high: optional(listOf(line())),
});

const containerIds = (keys: RegExp, keyText: string) => mapOf(keys, keyText, line());

const workloadsSchema = entry({
  entities: optional(
    mapOf(
      /^(container_id|kubernetes_pod_uid):\/\/./,
      'container_id://ID or kubernetes_pod_uid://UID',
      levels,
    ),
  ),
  inodes: optional(containerIds(/^[0-9]+$/, 'the number of a cgroup inode')),
  external: optional(containerIds(/^.*\/.+$/, 'POD_UID/CONTAINER_NAME or init:POD_UID/CONTAINER_NAME')),
  global: optional(levels),
});

export type Workloads = z.output<typeof workloadsSchema>;

/** Returns what the file at `path` lists; nothing when the path is empty, or something is wrong, which is reported. */
export function readWorkloads(path: string, findings: Findings): Workloads {
  if (path === '') return {};
  const root = readYamlFile({ path, what: 'workloads file', textOnly: true }, findings);
  if (root === undefined) return {};
  const result = workloadsSchema.safeParse(root);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const place = issue.path.map(String).join(', ');
    findings.report(
      'ERR_CONFIG_INVALID_VALUE',
      `${path}: ${place === '' ? '' : `${place}: `}${issue.message}`,
    );
  }
  return {};
}

/** A map whose keys have a form of their own. */
function mapOf<Value extends z.ZodType>(keys: RegExp, keyText: string, value: Value) {
  return z
    .record(z.string().regex(keys), value, {
      error: (issue) => (issue.code === 'invalid_key' ? `is not ${keyText}` : 'must be a map'),
    })
    .readonly();
}
