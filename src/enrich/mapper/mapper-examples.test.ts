import { expect, it } from 'vitest';
import { checkExamples } from './mapper-examples.ts';
import type { MapperExample, MapperProfileOptions } from './mapper-rules.ts';

const profiles = (...tests: MapperExample[]): MapperProfileOptions[] => [
  {
    name: 'airflow',
    prefix: 'airflow.',
    mappings: [
      { match: 'airflow.job.special', name: 'airflow.special' },
      { match: 'airflow.job.*', name: 'airflow.job', tags: { job: '$1' }, tests },
    ],
  },
];

const holds = (example: MapperExample) =>
  it(`${JSON.stringify(example)} holds`, () => expect(checkExamples(profiles(example))).toEqual([]));
const fails = (example: MapperExample, why: string) =>
  it(`${JSON.stringify(example)} fails`, () =>
    expect(checkExamples(profiles(example))).toEqual([
      `mapper profile "airflow", rule 2 "airflow.job.*": ${why}`,
    ]));

holds({ match: 'airflow.job.a' });
holds({ match: 'airflow.job.a', name: 'airflow.job' });
holds({ match: 'airflow.job.é', name: 'airflow.job', tags: { job: 'é' } });
holds({ match: 'airflow.job.a.b', mapped: false });
holds({ match: 'airflow.job.special', mapped: false });
holds({ match: 'other', mapped: false });

fails({ match: 'airflow.job.a', mapped: false }, '"airflow.job.a" is mapped, but must not be');
fails({ match: 'airflow.job.a.b' }, '"airflow.job.a.b" is not mapped');
fails({ match: 'other' }, '"other" is not mapped');
fails({ match: 'airflow.job.a', name: 'x' }, '"airflow.job.a" becomes "airflow.job", not "x"');
fails({ match: 'airflow.job.a', tags: { job: 'b' } }, '"airflow.job.a" gets the tags "job:a", not "job:b"');
fails({ match: 'airflow.job.a', tags: {} }, '"airflow.job.a" gets the tags "job:a", not ""');
fails(
  { match: 'airflow.job.special' },
  '"airflow.job.special" is mapped by "airflow.job.special" of profile "airflow" instead',
);

it('reports the problem of a configuration that does not compile', () => {
  expect(checkExamples([{ name: 'p', prefix: 'a', mappings: [{ match: 'a b', name: 'x' }] }])).toEqual([
    'mapper profile 1 "p", rule 1 "a b" may hold only ASCII letters, digits, - _ * and .',
  ]);
});

it('has nothing to say about a configuration without profiles', () => expect(checkExamples([])).toEqual([]));
