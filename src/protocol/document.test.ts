/** Holds docs/protocol.md to the parser: each rejected line in it must be rejected for that reason, at that caret. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseMessage } from './message.ts';

const document = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

/** A line, at least two blanks, an error code, an explanation; below it the caret. */
const EXAMPLE = /^(\S.*?) {2,}([a-z_]+) {2,}\S.*\n( *\^)$/gm;

const examples = [...document.matchAll(EXAMPLE)];

it('the document has an example of every reason', () => {
  const codes = new Set(examples.map(([, , code]) => code));
  expect([...codes].sort()).toEqual(
    ['empty_title', 'format', 'header', 'length', 'name', 'name_value', 'no_header', 'sample_rate'].concat([
      'status',
      'timestamp',
      'type',
      'value',
    ]),
  );
});

for (const [, line = '', error, caret = ''] of examples) {
  it(`${line} is rejected for its ${error}`, () => {
    const options = { noAggregationPipeline: true, originDetectionClient: true };
    expect(parseMessage(line, options)).toMatchObject({ kind: 'error', error, at: caret.length - 1 });
  });
}
