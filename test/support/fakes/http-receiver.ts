/** A receiver over HTTP in this process that notes what it is sent and answers as it is told, well or badly. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface HttpReceived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. */
  readonly text: string;
}

export interface HttpReply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Never answers. */
  readonly hangs?: boolean;
  /** Closes the connection instead. */
  readonly cuts?: boolean;
}

export class HttpReceiver {
  readonly requests: HttpReceived[] = [];
  answer: (request: HttpReceived) => HttpReply = () => ({ status: 204 });
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const { method = '', url = '', headers } = request;
        const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
        const received = { method, url, headers, text };
        this.requests.push(received);
        const { status = 204, headers: more = {}, body: answer = '', hangs, cuts } = this.answer(received);
        if (hangs) return;
        if (cuts) request.socket.destroy();
        else response.writeHead(status, more).end(answer);
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
