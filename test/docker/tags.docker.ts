/**
 * Tags of a real Docker daemon's containers, found by the kernel's credentials alone: long-lived ones, ones that end right
 * after they have sent, and those of a daemon that was started again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { Daemon, whyNoDaemon } from './daemon.ts';

const ONE_SHOTS = 20;
const why = whyNoDaemon();
if (why !== undefined) process.stderr.write(`test:docker is skipped: ${why}\n`);

/** Sends each line as a datagram, `rounds` times with a pause, by a program of the host that ends at once. */
function sending(socketPath: string, lines: readonly string[], rounds = 1): string[] {
  const program = `
    socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
    connect($s, pack_sockaddr_un(shift)) or die $!;
    my $rounds = shift;
    for (1 .. $rounds) { send($s, $_, 0) or die $! for @ARGV; select(undef, undef, undef, 0.2) if $rounds > 1; }`;
  return ['chroot', '/host', 'perl', '-MSocket', '-e', program, socketPath, String(rounds), ...lines];
}

describe.runIf(why === undefined)('containers of a real daemon', () => {
  let daemon: Daemon;
  let server: ServerProcess;

  beforeAll(async () => {
    daemon = await Daemon.start();
    server = await ServerProcess.start({
      unix: true,
      set: {
        dogstatsd_origin_detection: true,
        dogstatsd_origin_detection_client: true,
        docker_labels_as_tags: '{"com.shop.team": "team", "com.shop.cell": "+cell"}',
      },
      env: { DOCKER_HOST: `unix://${daemon.socketPath}` },
    });
  });
  afterAll(async () => {
    await server?.dispose();
    await daemon?.dispose();
  });

  const run = (name: string, flags: readonly string[], lines: readonly string[], rounds?: number) =>
    daemon.docker(
      ...['run', '--network', 'none', '-v', '/:/host:ro', '--name', name, '-e', `DD_SERVICE=${name}`],
      ...['-e', 'DD_ENV=test', '--label', 'com.shop.team=a', '--label', 'com.shop.cell=7', ...flags],
      ...[daemon.image, ...sending(server.socketPath, lines, rounds)],
    );
  const low = (name: string): string[] =>
    ['docker_image:whippet-test:1', 'env:test', 'image_name:whippet-test', 'image_tag:1'].concat(
      ...[`service:${name}`, 'short_image:whippet-test', 'team:a'],
    );
  /** Tags of the metric without the ids, which are not the same in two runs; each series once. */
  const tagsOf = (metric: string): string[] => [
    ...new Set(
      server.series(metric).map(({ tags }) =>
        tags
          .filter((tag) => !/^(image_id|container_id):/.test(tag))
          .sort()
          .join(),
      ),
    ),
  ];

  it(`tags all of ${ONE_SHOTS} that end right after they have sent, at all levels, each as one context`, async () => {
    for (let n = 0; n < ONE_SHOTS; n++)
      await run(
        `one-${n}`,
        ['--rm'],
        [`one.${n}:1|c`, `one.${n}.high:1|c|card:high`, `one.${n}.none:1|c|card:none`],
      );
    const last = ONE_SHOTS - 1;
    await server.until(() => server.series(`one.${last}.none`).length > 0, 'the last one', 30_000);
    let right = 0;
    for (let n = 0; n < ONE_SHOTS; n++) {
      const name = `one-${n}`;
      const wanted = [
        [low(name).sort().join()],
        [[...low(name), 'cell:7', `container_name:${name}`].sort().join()],
        [''],
      ];
      const found = [`one.${n}`, `one.${n}.high`, `one.${n}.none`].map(tagsOf);
      if (JSON.stringify(found) === JSON.stringify(wanted)) right++;
      else process.stderr.write(`${name}: ${JSON.stringify(found)}\n`);
    }
    process.stderr.write(`test:docker: ${right} of ${ONE_SHOTS} one-shots have their tags\n`);
    expect(right).toBe(ONE_SHOTS);
  });

  it('tags three that live on, and the program of docker exec', async () => {
    const names = ['long-1', 'long-2', 'long-3'];
    for (const name of names) await run(name, ['-d'], ['long:1|c'], 30);
    await daemon.docker('exec', 'long-1', ...sending(server.socketPath, ['exec:1|c']));
    await server.until(() => tagsOf('long').length === 3 && tagsOf('exec').length > 0, 'all three', 30_000);
    expect(tagsOf('long').sort()).toEqual(names.map((name) => low(name).sort().join()));
    expect(tagsOf('exec')).toEqual([low('long-1').sort().join()]);
    await daemon.docker('restart', '-t', '0', 'long-2');
    for (const name of names) await daemon.docker('rm', '-f', name);
  });

  it('goes on after the daemon was stopped and started again', async () => {
    await daemon.down();
    await daemon.up();
    await server.until(
      () => server.log.filter(({ msg }) => msg === 'reading container tags from Docker').length === 2,
      'Docker is read again',
      60_000,
    );
    await run('again', ['--rm'], ['again:1|c']);
    await server.until(() => tagsOf('again').length > 0, 'the metric', 30_000);
    expect(tagsOf('again')).toEqual([low('again').sort().join()]);
  });

  it('loses nothing, and leaves no descriptor open', async () => {
    const ledger = await server.ledger();
    expect(ledger.losses).toEqual([]);
    const page = await fetch(`http://127.0.0.1:${server.httpPort}/metrics`).then((answer) => answer.text());
    for (const line of page.split('\n').filter((one) => one.startsWith('whippet_origin_')))
      process.stderr.write(`test:docker: ${line}\n`);
  });
});
