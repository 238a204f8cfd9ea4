/** The manifests and the chart of deploy/, without a cluster and without helm: what can be seen in the files. `npm run test:kubernetes` renders and validates them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { checkPods, type Manifest } from './manifests.ts';
import { ROOT } from './project.ts';

const FOLDER = join(ROOT, 'deploy/kubernetes');
const CHART = join(ROOT, 'deploy/helm/whippet');
const read = (path: string): string => readFileSync(path, 'utf8');
const manifests = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml') && !/kustomization|whippet\.yaml$|^pod-tags/.test(file))
  .flatMap((file) => loadAll(read(join(FOLDER, file))) as Manifest[]);

describe('the manifests', () => {
  it('are those that are described', () => {
    const kinds = manifests.map(({ kind }) => kind).sort();
    expect(kinds).toEqual(['DaemonSet', 'Deployment', 'Namespace', 'Service', 'ServiceAccount']);
  });

  it('give pods no right at the API server, no token, no capability, no root and no writable root', () => {
    expect(checkPods(manifests)).toEqual([]);
  });

  it('give, where tags of pods are wanted, the right to read pods and no other', () => {
    const roles = loadAll(read(join(FOLDER, 'pod-tags/role.yaml'))) as Manifest[];
    expect(roles.map(({ kind }) => kind)).toEqual(['ClusterRole', 'ClusterRoleBinding']);
    expect(checkPods(roles)).toEqual([]);
    const [role] = roles;
    const more = { ...role, rules: [{ resources: ['secrets'], verbs: ['get'] }] } as Manifest;
    expect(checkPods([more])).toEqual(['ClusterRole gives a right that nobody needs: secrets get']);
    const [patched] = loadAll(read(join(FOLDER, 'pod-tags/kustomization.yaml'))) as [
      { patches: { patch: string }[] },
    ];
    const env = patched.patches
      .flatMap(({ patch }) => (loadAll(patch) as { value: { name?: string } }[][])[0] ?? [])
      .flatMap(({ value }) => (value.name === undefined ? [] : [[value.name, 'true']]));
    expect(loadConfig({ env: Object.fromEntries(env) }).config).toMatchObject({
      ...{ kubelet_use_api_server: true, kubernetes_kubelet_nodename: 'true' },
      ...{ dogstatsd_origin_detection: true, dogstatsd_origin_detection_client: true },
    });
  });

  it('have a configuration and variables that the server accepts', () => {
    const [configuration] = loadAll(read(join(FOLDER, 'base/whippet.yaml'))) as [object];
    expect(Object.keys(configuration)).not.toEqual([]);
    const variables = manifests
      .flatMap(({ spec }) => spec?.template?.spec)
      .flatMap((pod) => [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])])
      .flatMap(({ env }) => env ?? []);
    const env = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'a'.repeat(32)]));
    expect(Object.keys(env)).toContain('DD_HOSTNAME');
    const [, ofImage = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(read(join(ROOT, 'Containerfile'))) ?? [];
    for (const [, name = '', value] of ofImage.matchAll(/(\w+)=(\S+)/g)) env[name] = value as string;
    expect(Object.keys(env)).toContain('WHIPPET_HTTP_HOST');
    const { warnings } = loadConfig({ env, file: join(FOLDER, 'base/whippet.yaml') });
    expect(warnings).toEqual([]);
  });
});

describe('the chart', () => {
  const values = (loadAll(read(join(CHART, 'values.yaml'))) as [Record<string, unknown>])[0];
  const templates = readdirSync(join(CHART, 'templates'))
    .map((file) => read(join(CHART, 'templates', file)))
    .join('\n');

  it('uses each of its values, and has each that it uses', () => {
    const used = new Set([...templates.matchAll(/\.Values\.(\w+)/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual(Object.keys(values).sort());
    const { properties } = JSON.parse(read(join(CHART, 'values.schema.json'))) as { properties: object };
    expect(
      Object.keys(properties)
        .filter((name) => name !== 'global')
        .sort(),
    ).toEqual(Object.keys(values).sort());
  });

  it('has the version of the package, as the manifests have', () => {
    const { version } = JSON.parse(read(join(ROOT, 'package.json'))) as { version: string };
    const [chart] = loadAll(read(join(CHART, 'Chart.yaml'))) as [Record<string, string>];
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
    expect(read(join(FOLDER, 'base/kustomization.yaml'))).toContain(`newTag: ${version}`);
    expect(read(join(FOLDER, 'sidecar/deployment.yaml')).match(/image: (.*)/g)).toEqual([
      `image: whippet:${version}`,
      `image: whippet:${version}`,
    ]);
  });
});
