/** Captures wherever lines are read: explain, send, simulate and record. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CaptureFormatError } from '../../inspect/capture/dog-decoder.ts';
import { TrafficFileError } from '../../inspect/capture/traffic-file.ts';
import { explainCommand } from '../explain/explain-command.ts';
import { sendCommand } from '../send/send-command.ts';
import { simulateCommand } from '../simulate/simulate-command.ts';
import { recordCommand } from '../testing/record-command.ts';
import { analyzeCommand } from './analyze-command.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/capture/${name}`, import.meta.url));
const FULL = fixture('full.dog');
const folder = mkdtempSync(join(tmpdir(), 'whippet-recordings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Streams that remember. */
function streams(input: Uint8Array = new Uint8Array(0)) {
  const said = { out: '', err: '' };
  return {
    said,
    stdin: Readable.from([Buffer.from(input)]),
    stdout: {
      write: (text: string) => {
        said.out += text;
        return true;
      },
      on: () => undefined,
      once: () => undefined,
    },
    stderr: {
      write: (text: string) => {
        said.err += text;
      },
    },
    env: {},
  };
}

describe('a capture', () => {
  it('is explained packet by packet, with the tags of its senders', async () => {
    const { said, ...around } = streams();
    await explainCommand([], { file: FULL }, around);
    expect(said.out).toContain('image_name:web');
    expect(said.out.match(/^ {2}metric /gm)).toHaveLength(2);
    expect(said.err).toBe('');
  });

  it('is told on standard input, and its missing tags are mentioned', async () => {
    const { said, ...around } = streams(readFileSync(fixture('full.dog.zstd')));
    await explainCommand(['-'], {}, around);
    expect(said.out).toContain('page.views');
    expect(said.err).toBe(
      'whippet: warning: -: its workloads have tags, which need a second reading: give the file by its name\n',
    );
  });

  it('is sent line by line, from a file and from standard input', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const received: string[] = [];
    socket.on('message', (bytes) => received.push(bytes.toString()));
    const to = `udp://127.0.0.1:${socket.address().port}`;
    try {
      const one = streams();
      await sendCommand([], { to, file: FULL }, one);
      const two = streams(readFileSync(FULL));
      await sendCommand(['-'], { to }, two);
      expect([one.said.out, two.said.out]).toEqual(
        Array(2).fill(`sent 2 lines in 1 packet (33 bytes) to ${to}\n`),
      );
      const deadline = performance.now() + 60_000;
      while (received.length < 2 && performance.now() < deadline)
        await new Promise((done) => setImmediate(done));
      expect(received).toEqual(Array(2).fill('page.views:1|c|#env:dev\ntemp:-4|g'));
    } finally {
      socket.close();
    }
  });

  it('is simulated, compared with a golden file, and cut ones are warned of', async () => {
    const golden = join(folder, 'golden.json');
    const first = streams();
    expect(await simulateCommand(FULL, { golden, update: true }, first)).toBe(0);
    const second = streams();
    expect(await simulateCommand(fixture('full.dog.zstd'), { golden }, second)).toBe(0);
    const cut = join(folder, 'cut.dog');
    writeFileSync(cut, readFileSync(FULL).subarray(0, 100));
    const third = streams();
    expect(await simulateCommand(cut, { golden }, third)).toBe(1);
    expect(third.said.err).toContain(
      'the last record, at byte 89, is cut: 11 of its 27 bytes are there, and lost',
    );
  });

  it('becomes a contract, and fails it when it cannot be read whole', async () => {
    const golden = join(folder, 'metrics.json');
    const options = { host: '127.0.0.1', port: 0, httpPort: 0, settle: '0s' };
    const quiet = { out: () => undefined, err: () => undefined };
    expect(await recordCommand([], { ...options, from: FULL, golden, update: true }, quiet)).toBe(0);
    expect(readFileSync(golden, 'utf8')).toContain(
      '{"name":"page.views","type":"count","tag_keys":["env","image_name"]}',
    );
    expect(await recordCommand([], { ...options, from: FULL, golden }, quiet)).toBe(0);
    let said = '';
    const err = (text: string): void => {
      said += text;
    };
    const cut = join(folder, 'half.dog');
    writeFileSync(cut, readFileSync(FULL).subarray(0, 100));
    expect(await recordCommand([], { ...options, from: cut, golden }, { ...quiet, err })).toBe(1);
    expect(said).toContain('is cut: 11 of its 27 bytes');
    await expect(recordCommand([], { ...options }, quiet)).rejects.toThrow('no command');
  });

  it('is analyzed as text, as JSON and as a page; two are compared', async () => {
    const text = streams();
    await analyzeCommand([FULL], {}, text);
    expect(text.said.out).toContain('pid 12345 container_id://abc');
    const json = streams();
    await analyzeCommand([FULL], { json: true, filter: ['pid=12345'] }, json);
    expect(JSON.parse(json.said.out)).toMatchObject({ kind: 'capture', version: 3, packets: 1, notes: [] });
    const page = join(folder, 'day.html');
    await analyzeCommand([FULL], { html: page }, streams());
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/);
    const two = streams();
    await analyzeCommand([FULL, fixture('v1-two-records.dog')], {}, two);
    expect(two.said.out).toContain('page.views (count)');
    await expect(analyzeCommand([FULL, FULL, FULL], {}, streams())).rejects.toThrow('one recording, or two');
  });
});

it('what is no recording is refused with what it begins with, and what is not there by its name', async () => {
  const binary = join(folder, 'program');
  writeFileSync(binary, Buffer.from('7f454c4602010100', 'hex'));
  await expect(analyzeCommand([binary], {}, streams())).rejects.toThrow(CaptureFormatError);
  await expect(simulateCommand(binary, {}, streams())).rejects.toThrow('begins with the bytes 7f454c46');
  await expect(analyzeCommand([join(folder, 'none')], {}, streams())).rejects.toThrow(TrafficFileError);
});
