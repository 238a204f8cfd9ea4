/**
 * A receiver of remote write in this process: decodes what it is sent, and answers as it is told.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  bits,
  buffers,
  decodeMessage,
  double,
  messages,
  number,
  packed,
  type Raw,
  signed,
  text,
  unsnap,
  zigzag,
} from '../decode/plain-protobuf.ts';

export interface ReceivedHistogram {
  readonly at: number;
  readonly startAt: number;
  readonly count: number;
  readonly sumBits: bigint;
  readonly sum: number;
  readonly schema: number;
  readonly zeroCount: number;
  /** Count by index. */
  readonly positive: Readonly<Record<number, number>>;
  readonly negative: Readonly<Record<number, number>>;
}

export interface ReceivedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly labelNames: readonly string[];
  readonly samples: readonly { at: number; startAt: number; value: number; bits: bigint }[];
  readonly histograms: readonly ReceivedHistogram[];
  readonly type: number;
  /** Of the metadata; in 1.0 that is beside the series. */
  readonly unit: string;
}

export interface ReceivedWrite {
  readonly version: 1 | 2;
  readonly headers: IncomingMessage['headers'];
  readonly url: string;
  readonly series: readonly ReceivedSeries[];
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Never answers. */
  readonly hangs?: boolean;
  /** Closes the connection instead. */
  readonly cuts?: boolean;
}

export class WriteReceiver {
  readonly writes: ReceivedWrite[] = [];
  /** What is answered; by default a receiver of 2.0 that takes everything. */
  answer: (write: ReceivedWrite) => Reply = written;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const write = decodeWrite(request, Buffer.concat(chunks));
        this.writes.push(write);
        const { status, headers = {}, body = '', hangs = false, cuts = false } = this.answer(write);
        if (hangs) return;
        if (cuts) request.socket.destroy();
        else response.writeHead(status, headers).end(body);
      });
    });
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/v1/write`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The answer of a receiver of 2.0. */
export function written({ series }: ReceivedWrite): Reply {
  const samples = series.reduce((sum, one) => sum + one.samples.length, 0);
  const histograms = series.reduce((sum, one) => sum + one.histograms.length, 0);
  return { status: 204, headers: writtenHeaders(samples, histograms) };
}

export function writtenHeaders(samples: number, histograms = 0): Record<string, string> {
  return {
    'X-Prometheus-Remote-Write-Samples-Written': String(samples),
    'X-Prometheus-Remote-Write-Histograms-Written': String(histograms),
    'X-Prometheus-Remote-Write-Exemplars-Written': '0',
  };
}

function decodeWrite({ headers, url = '' }: IncomingMessage, body: Buffer): ReceivedWrite {
  const version = headers['x-prometheus-remote-write-version'] === '2.0.0' ? 2 : 1;
  const raw = decodeMessage(unsnap(body));
  const symbols = version === 2 ? buffers(raw, 4).map(String) : [];
  const series = messages(raw, version === 2 ? 5 : 1).map((one) => decodeSeries(one, version, symbols));
  return { version, headers, url, series };
}

function decodeSeries(raw: Raw, version: 1 | 2, symbols: readonly string[]): ReceivedSeries {
  const pairs =
    version === 1
      ? messages(raw, 1).map((label) => [text(label, 1), text(label, 2)])
      : pairsOf(packed(buffers(raw, 1)[0] ?? Buffer.alloc(0)).map((ref) => symbols[Number(ref)] ?? '?'));
  return {
    labels: Object.fromEntries(pairs),
    labelNames: pairs.map(([name]) => name as string),
    samples: messages(raw, 2).map((sample) => ({
      at: number(sample, 2),
      startAt: number(sample, 3),
      value: double(sample, 1),
      bits: bits(sample, 1),
    })),
    histograms: messages(raw, version === 2 ? 3 : 4).map(decodeHistogram),
    type: version === 2 ? number(messages(raw, 5)[0] ?? new Map(), 1) : 0,
    unit: version === 2 ? (symbols[number(messages(raw, 5)[0] ?? new Map(), 4)] ?? '?') : '',
  };
}

function pairsOf(texts: readonly string[]): string[][] {
  return texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? '?']] : []));
}

function decodeHistogram(raw: Raw): ReceivedHistogram {
  return {
    at: number(raw, 15),
    startAt: number(raw, 17),
    count: number(raw, 1),
    sum: double(raw, 3),
    sumBits: bits(raw, 3),
    schema: signed(raw, 4),
    zeroCount: number(raw, 6),
    negative: bucketsOf(messages(raw, 8), buffers(raw, 9)[0]),
    positive: bucketsOf(messages(raw, 11), buffers(raw, 12)[0]),
  };
}

function bucketsOf(spans: readonly Raw[], deltas: Buffer | undefined): Record<number, number> {
  const counts: Record<number, number> = {};
  const left = deltas === undefined ? [] : packed(deltas).map(zigzag);
  let index = 0;
  let count = 0;
  for (const span of spans) {
    index += signed(span, 1);
    for (let i = 0; i < number(span, 2); i++, index++) {
      count += left.shift() ?? Number.NaN;
      if (count !== 0) counts[index] = count;
    }
  }
  return counts;
}
