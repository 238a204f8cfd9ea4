/**
 * Runs the examples written beside mapper rules, so that a configuration can be tested before it is used.
 *
 *   - match: 'airflow.job.*.*'
 *     name: 'airflow.job'
 *     tags: { job_type: '$1' }
 *     tests:
 *       - match: airflow.job.etl.load           must become this
 *         name: airflow.job
 *         tags: { job_type: etl }
 *       - match: airflow.job.etl                must not be touched by this rule
 *         mapped: false
 *
 * An example goes through the whole mapper, not through its rule alone: it also finds rules that an
 * earlier rule or profile hides.
 */
import { toByteString, toText } from '../../model/text.ts';
import { compileMapper, type Mapping } from './mapper.ts';
import type { MapperExample, MapperProfileOptions } from './mapper-rules.ts';

/** Returns one sentence for each example that fails, or for the problem that keeps them from being run. */
export function checkExamples(profiles: readonly MapperProfileOptions[]): string[] {
  const { mapper, problem } = compileMapper(profiles, 1);
  if (problem !== undefined) return [problem.message];
  if (mapper === undefined) return [];
  const failures: string[] = [];
  for (const profile of profiles) {
    for (const [index, rule] of (profile.mappings ?? []).entries()) {
      for (const example of rule.tests ?? []) {
        const mapping = mapper.map(toByteString(example.match));
        const owner = mapping?.rule.options === rule;
        const failure = compare(example, mapping, owner);
        if (failure === undefined) continue;
        failures.push(`mapper profile "${profile.name}", rule ${index + 1} "${rule.match}": ${failure}`);
      }
    }
  }
  return failures;
}

/** Returns what is wrong, undefined when the example holds. `owner` tells whether its own rule matched. */
function compare(example: MapperExample, mapping: Mapping | undefined, owner: boolean): string | undefined {
  const metric = `"${example.match}"`;
  if (example.mapped === false) return owner ? `${metric} is mapped, but must not be` : undefined;
  if (mapping === undefined) return `${metric} is not mapped`;
  if (!owner)
    return `${metric} is mapped by "${mapping.rule.options.match}" of profile "${mapping.rule.profileName}" instead`;
  const name = toText(mapping.name);
  if (example.name !== undefined && example.name !== name)
    return `${metric} becomes "${name}", not "${example.name}"`;
  if (example.tags === undefined) return undefined;
  const tags = mapping.tags.map(toText).sort().join(',');
  const wanted = Object.entries(example.tags).map(([key, value]) => `${key}:${value}`);
  const wantedTags = wanted.sort().join(',');
  return tags === wantedTags ? undefined : `${metric} gets the tags "${tags}", not "${wantedTags}"`;
}
