/**
 * The commands as people type them.
 */
import { expect, it } from 'vitest';
import { runWhippet } from '../support/processes/command.ts';
import { withServer } from '../support/processes/server-process.ts';

it('whippet send sends metrics, events and checks over UDP', async () => {
  await withServer({}, async (server) => {
    const to = ['--to', `udp://127.0.0.1:${server.udpPort}`];
    const sends = [
      ['sent.line:1|c|#env:dev'],
      ['--count', 'sent.count', '2', '3', '--tag', 'env:dev', '--tag', 'a:b'],
      ['--timing', 'sent.timing', '12.5'],
      ['--set', 'sent.set', 'ann', 'bob'],
      ['event', 'Deployed', 'v42 is out', '--alert-type', 'success'],
      ['check', 'db.up', 'critical', '--message', 'refused'],
    ];
    for (const args of sends) {
      const end = await runWhippet(['send', ...args, ...to]);
      expect(end).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sent \d lines? in 1 packet/) });
    }
    expect(await server.stop()).toBe(0);
    expect(server.total('sent.line')).toBe(1);
    expect(server.series('sent.count')[0]).toMatchObject({ count: 5, tags: ['env:dev', 'a:b'] });
    expect(server.series('sent.timing.max')[0]?.value).toBe(12.5);
    expect(server.series('sent.set')[0]?.value).toBe(2);
    expect(server.events()).toMatchObject([{ title: 'Deployed', text: 'v42 is out', alert_type: 'success' }]);
    expect(server.checks()).toMatchObject([{ check: 'db.up', status: 2, message: 'refused' }]);
  });
});

it('whippet send sends lines of its standard input over a Unix socket', async () => {
  await withServer({ unix: true }, async (server) => {
    const to = ['--to', `unix://${server.socketPath}`];
    const input = 'in.a:1|c\nin.b:2|c\n'.repeat(5000);
    expect(await runWhippet(['send', '-', ...to], { input })).toMatchObject({ code: 0, stderr: '' });
    expect(await server.stop()).toBe(0);
    expect([server.total('in.a'), server.total('in.b')]).toEqual([5000, 10_000]);
  });
});

it('whippet send repeats what it is given', async () => {
  await withServer({ unix: true }, async (server) => {
    const to = ['--to', `unix://${server.socketPath}`, '--repeat', '100000'];
    expect(await runWhippet(['send', 'again:1|c', ...to])).toMatchObject({ code: 0 });
    expect(await server.stop()).toBe(0);
    expect(server.total('again')).toBe(100_000);
  });
});

it('whippet send says that no one listens', async () => {
  const end = await runWhippet(['send', 'a:1|c', '--to', 'unix:///no/such/socket']);
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_SEND_REFUSED') });
});

it('whippet config prints every value with its source', async () => {
  const { code, stdout } = await runWhippet(['config', '--set', 'bucket_seconds=2'], {
    env: { DD_DOGSTATSD_PORT: '9125', WHIPPET_OUTPUTS_FILE_PATH: '/tmp/x' },
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^dogstatsd_port +9125 +env DD_DOGSTATSD_PORT$/m);
  expect(stdout).toMatch(/^outputs\.file\.path +\/tmp\/x +env WHIPPET_OUTPUTS_FILE_PATH$/m);
  expect(stdout).toMatch(/^bucket_seconds +2 +flag/m);
  expect(stdout).toMatch(/^http\.port +8127 +default$/m);
});

it('whippet config --check says what is wrong, with exit code 2', async () => {
  expect(await runWhippet(['config', '--check'])).toMatchObject({ code: 0, stdout: 'ok\n' });
  const end = await runWhippet(['config', '--check', '--http-port', 'x']);
  expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining('http.port') });
});

it.each([
  [['--help']],
  [['run', '--help']],
  [['send', '--help']],
  [['send', 'event', '--help']],
  [['config', '--help']],
])('whippet %j explains itself', async (args) => {
  const end = await runWhippet(args);
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(end.stdout).toContain('Usage: whippet');
});

it('whippet --version prints the version', async () => {
  const end = await runWhippet(['--version']);
  expect(end).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

it('--echo prints what arrives, and how many lines it left out', async () => {
  const set = { 'outputs.echo_per_second': 3 };
  await withServer({ unix: true, args: ['--echo'], set }, async (server) => {
    server.send('unix', [Array.from({ length: 50 }, (_, i) => `echoed.${i}:1|c`).join('\n')]);
    await server.until(() => server.stdout.includes('47'), 'it says that it left out 47');
    expect(server.stdout).toContain('echoed.0:1|c');
    expect(server.stdout).toContain('echoed.2:1|c');
    expect(server.stdout).not.toContain('echoed.3:1|c');
  });
});

it('logs a summary of every bucket when there is no other output', async () => {
  await withServer({ unix: true, set: { 'outputs.file.path': '' } }, async (server) => {
    server.send('unix', ['summary:1|c\nsummary.g:1|g']);
    await server.until(
      () => server.log.some(({ msg }) => /^flush \d\d:\d\d:\d\d contexts=2 series=2 /.test(msg)),
      'the summary is in the log',
    );
  });
});
