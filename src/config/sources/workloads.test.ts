import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../config-error.ts';
import { loadConfig } from '../load.ts';

const directory = mkdtempSync(join(tmpdir(), 'whippet-workloads-'));
const path = join(directory, 'workloads.yaml');
afterAll(() => rmSync(directory, { recursive: true }));

function load(yaml: string) {
  writeFileSync(path, yaml);
  return loadConfig({ values: { workloads: path } }).workloads;
}

const accepts = (yaml: string, want: object) =>
  test(`${JSON.stringify(yaml)} is read`, () => expect(load(yaml)).toEqual(want));
const rejects = (yaml: string, ...want: string[]) =>
  test(`${JSON.stringify(yaml)} is refused`, () => {
    try {
      load(yaml);
      expect.unreachable('the file was accepted');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems.map(({ message }) => message.replace(path, 'FILE'))).toEqual(want);
    }
  });

accepts('', {});
accepts('entities:\n', {});
accepts('global: {low: [a:b], high: }', { global: { low: ['a:b'] } });
accepts('entities: {container_id://12e4: {low: [5, 0x10]}, kubernetes_pod_uid://x: {}}', {
  entities: { 'container_id://12e4': { low: ['5', '0x10'] }, 'kubernetes_pod_uid://x': {} },
});
accepts('inodes: {18446744073709551615: 12e4}', { inodes: { '18446744073709551615': '12e4' } });
accepts('external: {u/web: a, "init:u/setup": b}', { external: { 'u/web': 'a', 'init:u/setup': 'b' } });

rejects('entites: {}', 'FILE: entites is not a known field; did you mean entities?');
rejects('entities: {3f2a: {}}', 'FILE: entities, 3f2a: is not container_id://ID or kubernetes_pod_uid://UID');
rejects(
  'entities: {container_id://a: {lwo: [a]}}',
  'FILE: entities, container_id://a: lwo is not a known field; did you mean low?',
);
rejects('global: {low: a}', 'FILE: global, low: must be a list');
rejects('global: {low: ["a\\nb"]}', 'FILE: global, low, 0: must be text without line breaks');
rejects('inodes: {x: a}', 'FILE: inodes, x: is not the number of a cgroup inode');
rejects('inodes: [a]', 'FILE: inodes: must be a map');
rejects(
  'external: {web: a}',
  'FILE: external, web: is not POD_UID/CONTAINER_NAME or init:POD_UID/CONTAINER_NAME',
);
rejects('- a', 'FILE:1:1: the file is not a map of keys and values');

test('a file that cannot be read stops the program', () => {
  expect(() => loadConfig({ values: { workloads: join(directory, 'none.yaml') } })).toThrow(
    'the workloads file',
  );
});

test('what is read can be sent to a thread', () => {
  const workloads = load('global: {low: [a]}');
  expect(structuredClone(workloads)).toEqual(workloads);
});
