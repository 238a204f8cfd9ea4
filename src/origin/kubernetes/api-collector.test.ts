/** The collector of the API server against one that answers lists and watches as Kubernetes does. */
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
import { ApiCollector, type ApiOptions } from './api-collector.ts';

const ids = { a: '3f'.repeat(32), b: '4a'.repeat(32), c: '5b'.repeat(32) };
const container = (id: string): string => `container_id://${id}`;

function pod(name: string, id: string | undefined, version = '10', more: object = {}): object {
  const status = { name: 'web', ...(id !== undefined && { containerID: `containerd://${id}` }) };
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'prod', uid: `uid-${name}`, resourceVersion: version, ...more },
    spec: { nodeName: 'node-1', containers: [{ name: 'web', image: `shop/${name}:1` }] },
    status: { phase: 'Running', containerStatuses: [status] },
  };
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Lists and watches; each of them can be answered in another way. */
class FakeApi {
  readonly asked: URLSearchParams[] = [];
  readonly paths: string[] = [];
  readonly tokens: (string | undefined)[] = [];
  items: object[] = [];
  version = '10';
  listAnswer: ((response: ServerResponse) => void) | undefined;
  watchAnswer: ((response: ServerResponse) => void) | undefined;
  readonly watches = new Set<ServerResponse>();

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://api');
    this.asked.push(url.searchParams);
    this.paths.push(url.pathname);
    this.tokens.push(request.headers.authorization);
    if (url.searchParams.get('watch') === '1') {
      if (this.watchAnswer !== undefined) {
        this.watchAnswer(response);
        return;
      }
      this.watches.add(response);
      response.on('close', () => this.watches.delete(response));
      response.flushHeaders();
      return;
    }
    if (this.listAnswer !== undefined) {
      this.listAnswer(response);
      return;
    }
    const list = { kind: 'PodList', metadata: { resourceVersion: this.version }, items: this.items };
    response.end(JSON.stringify(list));
  };

  say(type: string, object: object): void {
    this.write(`${JSON.stringify({ type, object })}\n`);
  }

  write(text: string): void {
    for (const watch of this.watches) watch.write(text);
  }

  endWatches(): void {
    for (const watch of this.watches) watch.end();
  }

  get lists(): URLSearchParams[] {
    return this.asked.filter((one) => one.get('watch') === null);
  }

  get watched(): (string | null)[] {
    return this.asked.filter((one) => one.get('watch') === '1').map((one) => one.get('resourceVersion'));
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function start(api = new FakeApi(), options: Partial<ApiOptions> = {}) {
  const store = new TagStore({ clock: () => performance.now() });
  const lines: string[] = [];
  const say = (fields: object, sentence: string) => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
  const collector = new ApiCollector({
    ...{ store, url: options.url ?? `http://127.0.0.1:${await listen(createServer(api.answer))}` },
    ...{ node: 'node-1', verifyTls: true, caPath: '', tokenPath: '', certPath: '', keyPath: '' },
    rules: { labels: new NameRules(), annotations: new NameRules(), variables: new NameRules() },
    ...{ separators: {}, log: { info: say, warn: say }, clock: () => performance.now(), retryMs: 2 },
    ...options,
  });
  ends.push(() => collector.stop());
  collector.start();
  const until = async (isReached: () => boolean): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (!isReached()) {
      if (performance.now() > deadline) throw new Error(`never: ${JSON.stringify(collector.state())}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const counted = (what: string): number => collector.state().counts[what] ?? 0;
  const hasEnded = (id: string): boolean =>
    store.view(container(id))?.sources[0]?.endedSecondsAgo !== undefined;
  return { api, collector, store, lines, until, counted, hasEnded };
}

describe('the API server', () => {
  it('lists the pods of the node, and tells of every change', async () => {
    const api = new FakeApi();
    api.items = [pod('shop', ids.a)];
    const { collector, store, until, lines, hasEnded } = await start(api);
    await until(() => api.watches.size === 1);
    expect(api.paths).toEqual(['/api/v1/pods', '/api/v1/pods']);
    expect(api.lists[0]?.get('fieldSelector')).toBe('spec.nodeName=node-1');
    expect(api.lists[0]?.get('resourceVersion')).toBe('0');
    expect(api.watched).toEqual(['10']);
    expect(api.asked[1]?.get('allowWatchBookmarks')).toBe('true');
    expect(store.view(container(ids.a))?.tags).toEqual({
      low: [
        ...['image_name:shop/shop', 'image_tag:1', 'kube_container_name:web', 'kube_namespace:prod'],
        ...['pod_phase:running', 'short_image:shop'],
      ],
      orchestrator: ['pod_name:shop'],
      high: [`container_id:${ids.a}`, 'display_container_name:web_shop'],
      standard: [],
    });
    expect(store.linked('external', 'uid-shop/web')).toBe(ids.a);

    api.say('ADDED', pod('db', undefined, '11'));
    api.say('MODIFIED', pod('db', ids.b, '12'));
    await until(() => store.has(container(ids.b)));
    // A restart: another container, and the one before has ended.
    api.say('MODIFIED', pod('db', ids.c, '13'));
    await until(() => store.has(container(ids.c)) && hasEnded(ids.b));
    api.say('DELETED', pod('shop', ids.a, '14'));
    await until(() => hasEnded(ids.a));
    expect(hasEnded(ids.c)).toBe(false);
    expect(collector.state()).toMatchObject({ status: 'running', remedy: '' });
    expect(lines).toHaveLength(1);
  });

  it('is watched on from the last version, a bookmark too, when a watch ends', async () => {
    const { api, until, lines } = await start();
    await until(() => api.watches.size === 1);
    api.say('ADDED', pod('db', ids.b, '12'));
    api.endWatches();
    await until(() => api.watched.includes('12'));
    await until(() => api.watches.size === 1);
    api.say('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: '99' } });
    api.endWatches();
    await until(() => api.watched.includes('99'));
    expect(api.lists).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  it.each<[string, (api: FakeApi) => void]>([
    ['an event', (api) => api.say('ERROR', { kind: 'Status', code: 410, reason: 'Expired' })],
    [
      'a status',
      (api) => {
        api.watchAnswer = (response) => {
          api.watchAnswer = undefined;
          response.writeHead(410).end('{"kind":"Status","code":410}');
        };
        api.endWatches();
      },
    ],
  ])('that has forgotten the version says so by %s, and the newest list is taken', async (_, expire) => {
    const api = new FakeApi();
    api.items = [pod('shop', ids.a)];
    const { store, until, counted, hasEnded, lines } = await start(api);
    await until(() => api.watches.size === 1);
    api.items = [pod('db', ids.b)];
    api.version = '500';
    expire(api);
    await until(() => store.has(container(ids.b)) && hasEnded(ids.a));
    expect(api.lists[1]?.get('resourceVersion')).toBeNull();
    await until(() => api.watched.includes('500'));
    expect(counted('watch_expired')).toBe(1);
    expect(lines).toHaveLength(1);
  });

  it('is listed anew when a line of the watch cannot be read', async () => {
    const { api, until, counted } = await start();
    await until(() => api.watches.size === 1);
    api.write('{"type":"ADDED","obj\n');
    await until(() => api.lists.length === 2);
    expect(counted('bad_events')).toBe(1);
    await until(() => api.watches.size === 1);
    // These say nothing, and cost nothing.
    api.write('7\n{"type":"DANCED","object":{"metadata":{"resourceVersion":"3"}}}\n');
    api.say('ADDED', { metadata: { resourceVersion: '11' } });
    api.say('DELETED', pod('nobody', ids.a, '12'));
    api.say('ADDED', pod('db', ids.b, '13'));
    await until(() => counted('events') === 3);
    expect([counted('bad_events'), counted('bad_pods')]).toEqual([3, 1]);
    expect(api.lists).toHaveLength(2);
  });

  it('from which nothing comes any more is asked again', async () => {
    const { api, until, counted } = await start(new FakeApi(), { watchSeconds: 0.01, silentMs: 5 });
    await until(() => counted('watch_silent') >= 2);
    expect(api.lists).toHaveLength(1);
  });

  it('that goes away takes no tags with it, and is watched again', async () => {
    const api = new FakeApi();
    api.items = [pod('shop', ids.a)];
    const { collector, until, lines, hasEnded } = await start(api);
    await until(() => api.watches.size === 1);
    api.watchAnswer = (response) => void response.destroy();
    for (const watch of api.watches) watch.destroy();
    await until(() => collector.state().status === 'failing' && api.watched.length > 3);
    expect(hasEnded(ids.a)).toBe(false);
    api.watchAnswer = undefined;
    await until(() => collector.state().status === 'running');
    expect(api.lists).toHaveLength(1);
    expect(lines).toHaveLength(3);
  });

  it.each<[string, (response: ServerResponse) => void, string, string]>([
    ['401', (response) => response.writeHead(401).end(), 'failed_status', 'kubelet_auth_token_path'],
    ['403', (response) => response.writeHead(403).end(), 'failed_status', 'list and watch pods'],
    ['500', (response) => response.writeHead(500).end(), 'failed_status', 'by itself'],
    ['half a list', (response) => response.end('{"items":[{'), 'failed_no_json', 'by itself'],
    ['a list without version', (response) => response.end('{"items":[]}'), 'failed_no_json', 'by itself'],
    ['a cut connection', (response) => response.destroy(), 'failed_cut_off', 'by itself'],
  ])('that answers %s is asked again, said once with a remedy', async (_, answer, count, remedy) => {
    const api = new FakeApi();
    api.listAnswer = answer;
    const { collector, lines, until, counted } = await start(api);
    await until(() => counted(count) >= 2);
    expect(collector.state()).toMatchObject({ status: 'failing' });
    expect(collector.state().remedy).toContain(remedy);
    expect(lines).toHaveLength(1);
    api.listAnswer = undefined;
    await until(() => collector.state().status === 'running');
  });

  it('shows a mirror of a static pod under the uid that the kubelet gave it', async () => {
    const api = new FakeApi();
    const more = {
      annotations: { 'kubernetes.io/config.mirror': 'hash-1', 'kubernetes.io/config.hash': 'hash-1' },
    };
    api.items = [pod('static', ids.a, '9', more)];
    const { store, until, hasEnded } = await start(api);
    await until(() => api.watches.size === 1);
    expect([...store.entities()].sort()).toEqual([container(ids.a), 'kubernetes_pod_uid://hash-1']);
    api.say('DELETED', pod('static', ids.a, '11', more));
    await until(() => hasEnded(ids.a));
  });

  it('has a look-up wait until the watch tells of the container', async () => {
    const { api, collector, store, until } = await start();
    await until(() => api.watches.size === 1);
    const found = collector.find(ids.b);
    api.say('ADDED', pod('db', ids.b, '12'));
    await found;
    expect(store.has(container(ids.b))).toBe(true);
    await collector.find(ids.b);
  });

  it('is asked over TLS with the token, which is read again after it was refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'api-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const certificates = makeCertificates(folder);
    const api = new FakeApi();
    const url = `https://127.0.0.1:${await listen(createSecureServer(certificates.good, api.answer))}`;
    const tokenPath = join(folder, 'token');
    writeFileSync(tokenPath, 'old\n');
    api.listAnswer = (response) => void response.writeHead(401).end();
    const { collector, until } = await start(api, { url, caPath: certificates.caFile, tokenPath });
    await until(() => collector.state().status === 'failing');
    writeFileSync(tokenPath, 'new\n');
    await until(() => api.tokens.includes('Bearer new'));
    api.listAnswer = undefined;
    await until(() => collector.state().status === 'running');
    expect(api.tokens[0]).toBe('Bearer old');
    const other = await start(api, { url });
    await other.until(() => other.collector.state().status === 'failing');
    expect(other.collector.state().remedy).toContain('kubernetes_apiserver_ca_path');
  });
});
