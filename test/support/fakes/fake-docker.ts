/** A Docker daemon as far as the collector asks it: recorded answers over a Unix socket, and every fault a test wants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

export class FakeDocker {
  readonly folder = mkdtempSync(join(tmpdir(), 'docker-'));
  readonly socketPath = join(this.folder, 'docker.sock');
  /** Paths that were asked, without the version. */
  readonly asked: string[] = [];
  /** What `containers/json` answers. */
  list: unknown[] = [];
  readonly inspects = new Map<string, unknown>();
  readonly images = new Map<string, unknown>();
  /** Answers of one's own, by the path without version and query. */
  readonly handlers = new Map<string, Handler>();
  version = '1.41';
  private readonly streams = new Set<ServerResponse>();
  private readonly waiters: (() => void)[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  listen(): Promise<void> {
    return new Promise((resolve) => void this.server.listen(this.socketPath, resolve));
  }

  /** Adds a running container. */
  run(inspect: { readonly Id: string }): void {
    this.list.push({ Id: inspect.Id });
    this.inspects.set(inspect.Id, inspect);
  }

  event(value: unknown): void {
    for (const one of this.streams)
      one.write(typeof value === 'string' ? value : `${JSON.stringify(value)}\n`);
  }

  /** Resolves when someone listens to events. */
  async listened(): Promise<void> {
    while (this.streams.size === 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Ends the streams of events as a daemon that stops does. */
  cutEvents(): void {
    for (const one of this.streams) one.destroy();
    this.streams.clear();
  }

  async close(): Promise<void> {
    this.cutEvents();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://docker');
    const path = url.pathname.replace(/^\/v1\.\d+/, '');
    this.asked.push(path + url.search);
    const handler = this.handlers.get(path);
    if (handler !== undefined) {
      handler(response, request);
      return;
    }
    const json = (value: unknown): void => {
      response.writeHead(value === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value ?? { message: 'No such thing' }));
    };
    const [, kind, id = ''] = /^\/(containers|images)\/(.+)\/json$/.exec(path) ?? [];
    if (path === '/_ping') {
      response.setHeader('api-version', this.version);
      response.end('OK');
    } else if (path === '/events') {
      response.writeHead(200);
      response.flushHeaders();
      this.streams.add(response);
      response.on('close', () => this.streams.delete(response));
      for (const waiter of this.waiters.splice(0)) waiter();
    } else if (path === '/containers/json') json(this.list);
    else if (kind === 'containers') json(this.inspects.get(id));
    else if (kind === 'images') json(this.images.get(decodeURIComponent(id)));
    else json(undefined);
  }
}
