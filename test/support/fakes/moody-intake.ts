/**
 * An intake on a real socket that behaves as badly as it is told to, request by request, and remembers what it took.
 *
 * A mood is a status, or a fault of the connection. What was answered with 2xx counts as acknowledged from the moment the
 * status line is written, whatever becomes of the rest.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export type Mood =
  | number
  /** Closes the connection instead of answering. */
  | 'reset'
  /** Reads the request and says nothing. */
  | 'hang'
  /** 202, and then half a body. */
  | 'hang_in_body'
  /** 503, and then half a body. */
  | 'fail_and_hang_in_body'
  /** Sends the status line byte by byte, so slowly that it never ends. */
  | 'drip';

export interface MoodyRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly httpVersion: string;
}

type Secret = { readonly key: Buffer; readonly cert: Buffer };

export class MoodyIntake {
  mood: Mood = 202;
  /** Moods of the next requests; then `mood` counts. */
  readonly moods: Mood[] = [];
  headers: Record<string, string> = {};
  /** Status of GET /api/v1/validate. */
  keyStatus = 200;
  readonly requests: MoodyRequest[] = [];
  /** Bodies that were answered with 2xx, as often as that happened. */
  readonly acknowledged: string[] = [];
  readonly sockets = new Set<Socket>();
  private server: Server | Http2SecureServer;
  private readonly scheme: string;
  port = 0;

  private constructor(secret?: Secret, http2 = false) {
    const handle = (request: IncomingMessage, response: ServerResponse): void =>
      void this.answer(request, response);
    this.scheme = secret === undefined ? 'http' : 'https';
    if (secret === undefined) this.server = createServer(handle);
    else if (http2) this.server = createSecureServer({ ...secret, allowHTTP1: true }, handle as never);
    else this.server = createTlsServer(secret, handle);
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(secret?: Secret, http2 = false): Promise<MoodyIntake> {
    const intake = new MoodyIntake(secret, http2);
    await intake.listen(0);
    return intake;
  }

  get url(): string {
    return `${this.scheme}://localhost:${this.port}`;
  }

  async listen(port = this.port): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, 'localhost', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET') {
      response.writeHead(this.keyStatus).end('{}');
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const { url = '', headers, httpVersion } = request;
    this.requests.push({ path: url, headers, body, httpVersion });
    const mood = this.moods.shift() ?? this.mood;
    if (mood === 202 || mood === 200 || mood === 'hang_in_body') this.acknowledged.push(body);
    this.show(mood, response);
  }

  private show(mood: Mood, response: ServerResponse): void {
    const { socket } = response;
    if (typeof mood === 'number') response.writeHead(mood, this.headers).end('{"status":"ok"}');
    else if (mood === 'reset') socket?.resetAndDestroy();
    else if (mood === 'hang_in_body') response.writeHead(202, { 'content-length': 100 }).write('half');
    else if (mood === 'fail_and_hang_in_body')
      response.writeHead(503, { 'content-length': 100 }).write('half');
    else if (mood === 'drip' && socket) drip(socket);
  }
}

function drip(socket: Socket): void {
  const text = 'HTTP/1.1 202 Accepted\r\n';
  let at = 0;
  const timer = setInterval(() => {
    // Never the end of the line.
    socket.write(at < text.length - 2 ? (text[at] as string) : 'x');
    at++;
  }, 20);
  socket.on('close', () => clearInterval(timer));
}
