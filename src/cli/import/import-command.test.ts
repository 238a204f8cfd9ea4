import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { importCommand } from './import-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(kind: string, content: string | undefined, output?: string) {
  const path = join(folder, 'mapping.yml');
  if (content !== undefined) writeFileSync(path, content);
  const said = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    write: (text: string): void => {
      said[name] += text;
    },
  });
  const options = output === undefined ? {} : { output };
  const code = await importCommand(kind, path, options, { out: stream('out'), err: stream('err') });
  return { code, ...said };
}

const CLEAN = 'defaults: {ttl: 5m}\nmappings: [{match: a.*, name: a, labels: {b: $1}}]';

it('writes the configuration, and says what is not in it', async () => {
  const { code, out, err } = await run('statsd_exporter', CLEAN);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('# Made by whippet import statsd_exporter.\n');
  expect(out).toContain(`      - match: a.*\n        name: a\n        tags:\n          b: $\{1}\n`);
  const other = await run('statsd_exporter', 'mappings: [{match: a, name: b, help: "x\\u001b"}]');
  expect(other.code).toBe(1);
  expect(other.err).toContain('mappings 1 "a": help');
});

it('writes a file that is not there, and no other', async () => {
  const output = join(folder, 'whippet.yaml');
  expect(await run('statsd_exporter', CLEAN, output)).toEqual({ code: 0, out: '', err: '' });
  expect(readFileSync(output, 'utf8')).toContain('dogstatsd_mapper_profiles');
  expect(await run('statsd_exporter', CLEAN, output)).toMatchObject({ code: 2 });
});

it.each([
  ['gostatd', CLEAN, 'import knows statsd_exporter, gostatsd, telegraf, not gostatd'],
  ['statsd_exporter', undefined, 'cannot import'],
  ['statsd_exporter', 'a: [', 'cannot import'],
  ['statsd_exporter', 'text', 'this is no mapping file'],
  ['constructor', CLEAN, 'not constructor'],
])('refuses %s of %j', async (kind, content, message) => {
  const { code, out, err } = await run(kind, content);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(message);
});
