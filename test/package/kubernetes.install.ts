/**
 * The manifests as kustomize makes them and the chart as helm renders it, against the schemas of Kubernetes (PyPI's
 * kubernetes-validate has them). Tools that are not on the PATH are installed into a temporary folder, from their registries.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPods, type Manifest } from './manifests.ts';
import { ROOT, run } from './project.ts';

const VERSIONS = ['1.29', '1.37'];
const HELM = 'helm.sh/helm/v3/cmd/helm@v3.16.4';
const KUSTOMIZE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.5.0';
/** helm asks nobody for the version while it renders, so it is told. */
const KUBE = ['--kube-version', VERSIONS[0] as string];
const CHART = join(ROOT, 'deploy/helm/whippet');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-kubernetes-'));
  succeed('python3', '-m', 'venv', join(folder, 'python'));
  succeed(join(folder, 'python/bin/pip'), 'install', '--quiet', 'kubernetes-validate');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function succeed(command: string, ...words: string[]): string {
  const { stdout, output, status } = run(folder, command, ...words);
  expect(status, `${command} ${words.join(' ')}\n${output}`).toBe(0);
  return stdout;
}

/** A tool of the PATH, or one that go installs. */
function tool(name: string, module: string): string {
  if (run(folder, name, 'version').status === 0) return name;
  succeed('env', `GOBIN=${folder}`, 'go', 'install', module);
  return join(folder, name);
}

function validate(text: string): Manifest[] {
  const file = join(folder, 'manifests.yaml');
  writeFileSync(file, text);
  for (const version of VERSIONS)
    succeed(join(folder, 'python/bin/kubernetes-validate'), '--strict', '-k', version, file);
  const manifests = (loadAll(text) as Manifest[]).filter(
    (manifest) => manifest !== null && manifest !== undefined,
  );
  expect(checkPods(manifests)).toEqual([]);
  return manifests;
}

it('a wrong manifest is found', () => {
  const file = join(folder, 'wrong.yaml');
  writeFileSync(file, 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{prot: 1}]}\n');
  expect(
    run(folder, join(folder, 'python/bin/kubernetes-validate'), '--strict', '-k', '1.29', file).status,
  ).not.toBe(0);
});

const BASE = ['ConfigMap', 'DaemonSet', 'Namespace', 'Service', 'ServiceAccount'];
it.each([
  ['base', BASE],
  ['datadog', BASE],
  ['pod-tags', ['ClusterRole', 'ClusterRoleBinding', ...BASE]],
])('kustomize makes valid manifests of deploy/kubernetes/%s', (name, want) => {
  const path = join(ROOT, 'deploy/kubernetes', name);
  const kubectl = run(folder, 'kubectl', 'kustomize', path);
  const text = kubectl.status === 0 ? kubectl.stdout : succeed(tool('kustomize', KUSTOMIZE), 'build', path);
  const kinds = validate(text).map(({ kind }) => kind);
  expect(kinds.sort()).toEqual(want);
});

it('the sidecar example is valid', () => {
  const file = join(ROOT, 'deploy/kubernetes/sidecar/deployment.yaml');
  validate(succeed('cat', file));
});

describe('the chart', () => {
  let helm: string;
  beforeAll(() => {
    helm = tool('helm', HELM);
  });

  it('passes helm lint, and its manifests are valid, with every value set', () => {
    succeed(helm, 'lint', '--strict', CHART);
    const kinds = ['ConfigMap', 'DaemonSet', 'Service', 'ServiceAccount'];
    expect(
      validate(succeed(helm, 'template', 'whippet', CHART, ...KUBE))
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(kinds);
    const values = {
      apiKeySecret: 'key',
      hostPort: 0,
      hostPID: true,
      env: [{ name: 'DD_SITE', value: 'datadoghq.eu' }],
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      priorityClassName: 'system-node-critical',
      affinity: { nodeAffinity: {} },
      config: { outputs: { remote_write: { url: 'http://prometheus:9090/api/v1/write' } } },
    };
    writeFileSync(join(folder, 'values.json'), JSON.stringify(values));
    const text = succeed(
      helm,
      'template',
      'other',
      CHART,
      ...KUBE,
      '--namespace',
      'metrics',
      '-f',
      join(folder, 'values.json'),
    );
    validate(text);
    for (const part of [
      'name: other-whippet',
      'namespace: metrics',
      'datadoghq.eu',
      'hostPID: true',
      'key: api-key',
      'http://prometheus:9090/api/v1/write',
      'system-node-critical',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('hostPort');
  });

  it.each([
    ['api', 'pods', 'KUBELET_USE_API_SERVER'],
    ['kubelet', 'nodes/proxy', 'KUBERNETES_KUBELET_HOST'],
  ])('gives the right that tags of pods from %s need, and no other', (from, resource, variable) => {
    const values = ['--set', `podTags=${from}`, '--set', 'hostPID=true'];
    const text = succeed(helm, 'template', 'whippet', CHART, ...KUBE, ...values);
    const kinds = validate(text).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['ClusterRole', 'ClusterRoleBinding']));
    expect(text).toContain(`resources: [${resource}]`);
    expect(text).toContain(variable);
  });

  it('refuses a value that it does not have', () => {
    const { output, status } = run(
      folder,
      helm,
      'template',
      'whippet',
      CHART,
      ...KUBE,
      '--set',
      'hostport=1',
    );
    expect(status).not.toBe(0);
    expect(output).toContain('hostport');
  });
});
