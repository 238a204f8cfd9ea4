import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../../test/support/certificates.ts';
import { TagStore } from '../tag-store.ts';
import { NameRules } from '../tags/names-as-tags.ts';
import { KubeletCollector, type KubeletOptions } from './kubelet-collector.ts';

const ID = '3f'.repeat(32);
const POD = {
  metadata: {
    name: 'shop-7c9d8f6b54-x2x4z',
    namespace: 'prod',
    uid: 'uid-1',
    labels: { 'tags.datadoghq.com/service': 'shop', 'app.kubernetes.io/name': 'store', team: 'a' },
    annotations: { 'ad.datadoghq.com/tags': '{"tier":"gold","zones":["1","2"],"bad":7}' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'shop-7c9d8f6b54' }],
  },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'registry:5000/shop/web:1.2',
        env: [
          { name: 'NAME', value: 'pro' },
          { name: 'DD_ENV', value: '$(NAME)d' },
          { name: 'SECRET', value: 'hidden' },
          { name: 'DD_VERSION', valueFrom: { fieldRef: {} } },
        ],
      },
      { name: 'starting', image: 'x' },
    ],
  },
  status: {
    phase: 'Running',
    qosClass: 'Burstable',
    containerStatuses: [
      { name: 'web', containerID: `containerd://${ID}`, imageID: 'docker-pullable://registry@sha256:1' },
      { name: 'starting' },
    ],
  },
};
const LIST = { kind: 'PodList', items: [POD] };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const json =
  (value: unknown): Answer =>
  (response) =>
    response.end(JSON.stringify(value));

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function start(options: Partial<KubeletOptions> = {}, answer: Answer = json(LIST)) {
  const folder = mkdtempSync(join(tmpdir(), 'kubelet-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  const certificates = makeCertificates(folder);
  const kubelet = { answer, tokens: [] as (string | undefined)[] };
  const secure = createSecureServer(certificates.good, (request, response) => {
    kubelet.tokens.push(request.headers.authorization);
    kubelet.answer(response, request);
  });
  const tokenPath = join(folder, 'token');
  writeFileSync(tokenPath, 'secret\n');
  const store = new TagStore({ clock: () => performance.now() });
  const lines: string[] = [];
  const say = (fields: object, sentence: string) => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
  const collector = new KubeletCollector({
    ...{ store, host: '127.0.0.1', httpsPort: await listen(secure), httpPort: 0, verifyTls: true },
    ...{ caPath: certificates.caFile, tokenPath, certPath: '', keyPath: '' },
    rules: {
      labels: new NameRules({ team: '+team' }),
      annotations: new NameRules(),
      variables: new NameRules(),
    },
    ...{ separators: {}, log: { info: say, warn: say }, clock: () => performance.now() },
    ...{ pollMs: 10, retryMs: 10, ...options },
  });
  ends.push(() => collector.stop());
  collector.start();
  const until = async (isReached: () => boolean): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (!isReached()) {
      if (performance.now() > deadline) throw new Error(`never: ${JSON.stringify(collector.state())}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { collector, store, kubelet, lines, until };
}

describe('the kubelet', () => {
  it('gives pods and their containers their tags, and leads words of admission controllers to containers', async () => {
    const { collector, store, kubelet, lines, until } = await start();
    await until(() => collector.state().status === 'running');
    const pod = {
      low: [
        ...[
          'kube_app_name:store',
          'kube_deployment:shop',
          'kube_namespace:prod',
          'kube_ownerref_kind:replicaset',
        ],
        ...['kube_qos:Burstable', 'kube_replica_set:shop-7c9d8f6b54', 'pod_phase:running', 'service:shop'],
        ...['tier:gold', 'zones:1', 'zones:2'],
      ],
      orchestrator: ['kube_ownerref_name:shop-7c9d8f6b54', 'pod_name:shop-7c9d8f6b54-x2x4z'],
    };
    expect(store.view('kubernetes_pod_uid://uid-1')?.tags).toEqual({
      ...{ ...pod, high: ['team:a'], standard: ['service:shop'] },
    });
    expect(store.view(`container_id://${ID}`)?.tags).toEqual({
      low: [
        ...[...pod.low, 'env:prod', 'image_id:registry@sha256:1', 'image_name:registry:5000/shop/web'],
        ...['image_tag:1.2', 'kube_container_name:web', 'short_image:web'],
      ].sort(),
      orchestrator: pod.orchestrator,
      high: [`container_id:${ID}`, 'display_container_name:web_shop-7c9d8f6b54-x2x4z', 'team:a'],
      standard: ['env:prod', 'service:shop'],
    });
    expect(store.linked('external', 'uid-1/web')).toBe(ID);
    expect(store.entityCount).toBe(2);
    expect(kubelet.tokens[0]).toBe('Bearer secret');
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('hidden');
  });

  it('tells by a list without them that pods have ended', async () => {
    const { store, kubelet, until } = await start();
    await until(() => store.has(`container_id://${ID}`));
    kubelet.answer = json({ kind: 'PodList', items: [] });
    await until(() => store.view(`container_id://${ID}`)?.sources[0]?.endedSecondsAgo !== undefined);
  });

  it.each<[string, Answer, string, string]>([
    ['401', (response) => response.writeHead(401).end(), 'failed_status', 'kubelet_auth_token_path'],
    ['403', (response) => response.writeHead(403).end(), 'failed_status', 'nodes/proxy'],
    ['half a list', (response) => response.end('{"items":[{'), 'failed_no_json', 'by itself'],
    ['something else', json({ a: 1 }), 'bad_answers', 'by itself'],
  ])('that answers %s is asked again, said once with a remedy', async (_, answer, count, remedy) => {
    const { collector, kubelet, lines, until } = await start({}, answer);
    await until(() => (collector.state().counts[count] ?? 0) >= 2);
    expect(collector.state()).toMatchObject({ status: 'failing' });
    expect(collector.state().remedy).toContain(remedy);
    expect(lines).toHaveLength(1);
    kubelet.answer = json(LIST);
    await until(() => collector.state().status === 'running');
  });

  it('whose certificate nobody has signed is not believed, unless it need not be verified', async () => {
    const { collector, until } = await start({ caPath: '' });
    await until(() => collector.state().status === 'failing');
    expect(collector.state().remedy).toContain('kubelet_tls_verify');
    const other = await start({ caPath: '', verifyTls: false });
    await other.until(() => other.collector.state().status === 'running');
  });

  it('is asked over its read-only port when the other refuses', async () => {
    const port = await listen(createServer((request, response) => json(LIST)(response, request)));
    const { collector, lines, until } = await start({ httpPort: port }, (response) =>
      response.writeHead(403).end(),
    );
    await until(() => collector.state().status === 'running');
    expect(collector.state().detail).toContain(`http://127.0.0.1:${port}`);
    expect(lines[0]).toContain('not encrypted');
  });

  it('is asked at once when something of an unknown container has come', async () => {
    const { collector, store, kubelet, until } = await start({ pollMs: 60_000 }, json({ kind: 'PodList' }));
    await until(() => collector.state().status === 'running');
    kubelet.answer = json(LIST);
    await collector.find();
    expect(store.has(`container_id://${ID}`)).toBe(true);
  });

  it('leaves out items that are no pods, and counts them', async () => {
    const { collector, until } = await start({}, json({ items: [POD, 7, {}, { metadata: { uid: 'x' } }] }));
    await until(() => collector.state().status === 'running');
    expect(collector.state()).toMatchObject({ entities: 2 });
    expect(collector.state().counts.bad_pods).toBeGreaterThanOrEqual(3);
  });
});
