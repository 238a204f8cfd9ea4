/**
 * The live view, the tail and the table on a real pseudo-terminal: what a person sees, keys, sizes, and that the terminal is
 * given back.
 */
import { describe, expect, it } from 'vitest';
import { ownPort } from '../support/own-port.ts';
import { runWhippet, WHIPPET } from '../support/processes/command.ts';
import { ServerProcess } from '../support/processes/server-process.ts';
import { Terminal } from '../support/processes/terminal.ts';

const NODE = process.execPath;
const NO_COLOR = { NO_COLOR: '1' };

async function withServer(run: (server: ServerProcess, url: string) => Promise<void>): Promise<void> {
  const server = await ServerProcess.start();
  try {
    await run(server, `http://127.0.0.1:${server.httpPort}`);
  } finally {
    await server.dispose();
  }
}

describe('whippet top', () => {
  it('shows a first metric, filters, opens it, takes another size, and gives the terminal back', async () => {
    await withServer(async (server, url) => {
      const command = [NODE, WHIPPET, 'top', '--url', url];
      const terminal = new Terminal(command, { columns: 80, rows: 24, env: NO_COLOR });
      await terminal.until((text) => text.includes('nothing received yet'), 'an empty list');
      expect(terminal.screen.isAlternate).toBe(true);
      server.send('udp', ['page.views:1|c|#env:prod', 'checkout.latency:12|d', 'bad:1,5|c']);
      await terminal.until(
        (text) => /page\.views/.test(text) && /checkout\.latency/.test(text),
        'the metrics',
      );
      await terminal.until((text) => text.includes('rejected'), 'the rejected line');
      terminal.press('/check');
      await terminal.until((text) => !text.includes('page.views') && text.includes('/check'), 'the filter');
      terminal.press('\r\r');
      await terminal.until(
        (text) => text.includes('distribution') && text.includes('esc back'),
        'the metric',
      );
      terminal.press('\x1b');
      await terminal.until((text) => text.includes('by rate'), 'the list again');
      terminal.resize(120, 40);
      await terminal.until((text) => text.includes('received ='), 'the wide header');
      expect(terminal.screen.text().split('\n')).toHaveLength(40);
      terminal.press('q');
      expect(await terminal.exit()).toBe(0);
      expect(terminal.screen.isAlternate).toBe(false);
      expect(terminal.screen.isCursorShown).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with it
      expect(terminal.output).not.toMatch(/\x1b\[[0-9;]*[1-9][0-9]*m/);
    });
  });

  it('goes on when the server was started again', async () => {
    const port = await ownPort();
    const first = await ServerProcess.start({ set: { 'http.port': port } });
    const command = [NODE, WHIPPET, 'top', '--url', `http://127.0.0.1:${port}`];
    const terminal = new Terminal(command, { columns: 100, rows: 24, env: NO_COLOR });
    await terminal.until((text) => text.includes('● live'), 'the first server');
    await first.dispose();
    await terminal.until((text) => text.includes('no answer since'), 'the loss');
    const second = await ServerProcess.start({ set: { 'http.port': port } });
    try {
      await terminal.until((text) => text.includes('● live'), 'the second server');
      terminal.press('\x03');
      expect(await terminal.exit()).toBe(0);
    } finally {
      await second.dispose();
    }
  });

  it('prints a table where there is no terminal, and says what is wrong with its options', async () => {
    await withServer(async (server, url) => {
      server.send('udp', ['page.views:1|c']);
      await server.until(
        async () =>
          (await runWhippet(['top', '--url', url, '--by', 'samples'])).stdout.includes('page.views'),
        'the table',
      );
      const wrong = await runWhippet(['top', '--url', url, '--by', 'size']);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain('--by is one of samples, bytes');
    });
  });
});

describe('whippet tail', () => {
  it('prints lines with what becomes of them, as many as are asked for', async () => {
    await withServer(async (server, url) => {
      const sending = setInterval(() => server.send('udp', ['page.views:1|c', 'page.views:1,5|c']), 50);
      try {
        const rejected = await runWhippet(['tail', '--url', url, '--outcome', 'rejected', '-n', '1']);
        expect(rejected.stdout).toMatch(/■ udp +page\.views:1,5\|c +this is not a number \(metric:value\)/);
        expect(rejected.stdout).toContain('^  page.views:1.5|c');
        const json = await runWhippet(['tail', 'views', '--url', url, '--json', '--type', 'c', '-n', '1']);
        expect(JSON.parse(json.stdout)).toMatchObject({
          line: 'page.views:1|c',
          outcome: 'accepted',
          type: 'counter',
        });
      } finally {
        clearInterval(sending);
      }
    });
  });
});

describe('whippet run on a terminal', () => {
  const flags = ['--port', '0', '--http-port', '0', '--set', 'bucket_seconds=1'];

  it('opens the live view; q stops the server', async () => {
    const terminal = new Terminal([NODE, WHIPPET, 'run', ...flags], { columns: 80, rows: 24, env: NO_COLOR });
    await terminal.until((text) => text.includes('nothing received yet'), 'the live view');
    terminal.press('q');
    expect(await terminal.exit()).toBe(0);
    expect(terminal.screen.isAlternate).toBe(false);
    expect(terminal.screen.text()).toContain('stopped');
  });

  it.each([
    45, 80, 120, 200,
  ])('prints a table with --no-ui that is not wider than %i columns', async (columns) => {
    const command = [NODE, WHIPPET, 'run', '--no-ui', ...flags, '--set', 'log_level=off'];
    const terminal = new Terminal(command, { columns, rows: 24, env: NO_COLOR });
    const shown = await terminal.until((text) => /udp +127\.0\.0\.1:\d+/.test(text), 'the address');
    const port = Number(/udp +127\.0\.0\.1:(\d+)/.exec(shown)?.[1]);
    const lines = [`latency:${'5:'.repeat(20)}5|d|#${'tag:value,'.repeat(30)}x`, 'views:1|c', 'bad:1,5|c'];
    await sendUdp(port, lines);
    await terminal.until((text) => text.includes('p99') && text.includes('views'), 'the table');
    await terminal.until((text) => text.includes('rejected 1, '), 'the rejected line');
    for (const line of terminal.screen.text().split('\n')) expect(line.length).toBeLessThan(columns);
    terminal.press('\x03');
    expect(await terminal.exit()).toBe(0);
  });
});

async function sendUdp(port: number, lines: readonly string[]): Promise<void> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.send(lines.join('\n'), port, '127.0.0.1', () => resolve()));
  socket.close();
}
