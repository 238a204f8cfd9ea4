/** `whippet expect`, `record`, `test-server` and `listener` as commands: processes, exit codes, files. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const WHIPPET = fileURLToPath(new URL('../../dist/cli/whippet.js', import.meta.url));
/** A program that sends its arguments as packets and ends. */
const SENDER = `
const socket = require('node:dgram').createSocket('udp4');
const packets = process.argv.slice(1);
let left = packets.length;
for (const packet of packets)
  socket.send(packet, Number(process.env.DD_DOGSTATSD_PORT), process.env.DD_AGENT_HOST, () => --left || socket.close());
`;
const sending = (...packets: string[]): string[] => ['--', process.execPath, '-e', SENDER, ...packets];

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-expect-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  rmSync(folder, { recursive: true });
});

function run(...words: string[]): { code: number | null; out: string; err: string } {
  const result = spawnSync(process.execPath, [WHIPPET, ...words], { encoding: 'utf8' });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/** Starts a command and resolves with its output once that matches. */
function startCommand(until: RegExp, ...words: string[]): Promise<RegExpExecArray> {
  const child = spawn(process.execPath, [WHIPPET, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      const found = until.exec(output);
      if (found !== null) resolve(found);
    });
    child.once('exit', () => reject(new Error(`it ended: ${output}`)));
  });
}

describe('whippet expect', () => {
  it('ends with 0 when what is expected was sent, and passes the command its arguments', () => {
    const { code, err } = run(
      'expect',
      'paid',
      '--type',
      'count',
      '--tag',
      'env:test',
      '--sum',
      '3',
      ...sending('paid:1|c|#env:test', 'paid:2|c|#env:test'),
    );
    expect(err).toContain('ok      metric paid (count) with env:test, sum 3');
    expect(code).toBe(0);
  });

  it('ends with 1, a report and JUnit XML when it was not', () => {
    const file = join(folder, 'junit.xml');
    const { code, err } = run(
      'expect',
      'paid',
      '--sum',
      '3',
      '--timeout',
      '50ms',
      '--no-rejected',
      '--junit',
      file,
      ...sending('paid:2|c', 'bad'),
    );
    expect(code).toBe(1);
    expect(err).toContain('sum is 2, not 3');
    expect(readFileSync(file, 'utf8')).toContain('tests="3" failures="2"');
  });

  it('ends with 1 when the command fails, whatever it sent', () => {
    const child = [process.execPath, '-e', 'process.exit(3)'];
    const { code, err } = run('expect', 'paid', '--timeout', '10ms', '--', ...child);
    expect(code).toBe(1);
    expect(err).toContain('exit code 3');
  });

  it('ends at once when the command cannot be started, and soon when it fails', () => {
    const start = performance.now();
    const missing = run('expect', 'paid', '--timeout', '2m', '--', 'nosuchcommand');
    expect(missing.code).toBe(1);
    expect(missing.err).toContain('nosuchcommand could not be started');
    const failed = run('expect', 'paid', '--timeout', '2m', '--', process.execPath, '-e', 'process.exit(3)');
    expect(failed.code).toBe(1);
    expect(performance.now() - start).toBeLessThan(100_000);
  });

  it('says where it listens when there is no command', () => {
    const { code, err } = run('expect', 'paid', '--timeout', '10ms');
    expect(code).toBe(1);
    expect(err).toMatch(/waiting 10ms for metrics on UDP 127\.0\.0\.1:\d+, .*HTTP http:/);
  });

  it.each([
    ['expect', 'paid', '--junit', 'no/such/folder/x.xml'],
    ['record', '--junit', 'no/such/folder/x.xml'],
    ['record', '--update', '--golden', 'no/such/folder/x.json'],
    ['record', '--golden', 'nosuch.json'],
    ['record', '--update'],
  ])('%s %s %s %s does not run the command for a file that cannot be used', (...words) => {
    const marker = join(folder, 'ran');
    const child = [process.execPath, '-e', `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '')`];
    const { code, err } = run(...words, '--', ...child);
    expect(code).toBe(2);
    expect(err).toMatch(
      /there is no folder no\/such\/folder; create it first|run the same command with --update|needs the file/,
    );
    expect(existsSync(marker)).toBe(false);
  });

  it('takes several expectations, events and checks', () => {
    const { code } = run(
      'expect',
      '--and',
      'name=a sum=1',
      'event=Deployed',
      'check=db.up status=ok',
      ...sending('a:1|c', '_e{8,1}:Deployed|x', '_sc|db.up|0'),
    );
    expect(code).toBe(0);
  });

  it.each([
    [['expect']],
    [['expect', 'a', '--sum', 'x']],
    [['expect', 'a', '--timeout', 'x']],
  ])('%j is wrong usage', (words) => {
    const { code, err } = run(...words);
    expect(code).toBe(2);
    expect(err).toContain('ERR_USAGE');
  });
});

describe('whippet record', () => {
  it('stores a contract, and says in what a later run breaks it', () => {
    const file = join(folder, 'contract.json');
    const settle = ['--settle', '100ms', '--golden', file];
    expect(run('record', ...settle, '--update', ...sending('a:1|c|#env:x', 'b:1|g')).code).toBe(0);
    expect(run('record', ...settle, ...sending('b:2|g', 'a:5|c|#env:y')).code).toBe(0);
    const broken = run('record', ...settle, ...sending('a:1|c', 'c:1|ms'));
    expect(broken.code).toBe(1);
    expect(broken.err.split('\n').filter(Boolean)).toEqual([
      '- a lost the tag env',
      '- b (gauge) was not sent',
      '- c (timing) is new',
    ]);
  });

  it('refuses a file that is no contract before it runs anything', () => {
    const file = join(folder, 'contract.json');
    writeFileSync(file, '{"version":9}');
    const { code, err } = run('record', '--golden', file, ...sending('a:1|c'));
    expect(code).toBe(1);
    expect(err).toContain('ERR_CONTRACT');
  });
});

describe('whippet test-server', () => {
  it('answers over HTTP what was sent over UDP', async () => {
    const until = /udp\s+127\.0\.0\.1:(\d+)[\s\S]*http\s+(http:\S+)/;
    const [, port, url] = await startCommand(until, 'test-server', '--port', '0', '--http-port', '0');
    const waiting = fetch(`${url}/wait?name=a&sum=3&timeout=60s`);
    const socket = createSocket('udp4');
    socket.send('a:3|c', Number(port), '127.0.0.1', () => socket.close());
    expect(await (await waiting).json()).toMatchObject({ ok: true, received: { sum: 3 } });
  });
});

describe('whippet intake', () => {
  it('prints what payloads hold', async () => {
    const started = startCommand(/url\s+(http:\S+)[\s\S]*"metric":"a\.b"/, 'intake', '--port', '0', '--show');
    const [child] = children;
    const url = await new Promise<string>((resolve) => {
      let output = '';
      child?.stdout?.on('data', (data: Buffer) => {
        output += data.toString();
        const found = /url\s+(http:\S+)\s/.exec(output);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
    });
    const body = JSON.stringify({
      series: [{ metric: 'a.b', type: 1, points: [{ timestamp: 5, value: 3 }] }],
    });
    const answer = await fetch(`${url}/api/v2/series`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    await started;
  });
});
