/**
 * The Debian package, installed, used, upgraded and removed by dpkg in a copy of this system: an overlay in a mount namespace
 * of its own, so nothing of the machine changes. Needs root, and a Debian with the package nodejs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT, run } from './project.ts';

const PACKAGE_BYTES_MAX = 10e6;

/** Runs in the copy. A line of its own is printed after each step, so that a failure shows how far it came. */
const STEPS = `
set -eu
deb=$1
fail() { echo "FAILED: $*"; exit 1; }
dpkg -i "$deb" >/dev/null
[ "$(dpkg-query -W -f '\${db:Status-Status}' whippet)" = installed ] || fail 'it is installed'
getent passwd whippet >/dev/null || fail 'the user is there'
[ "$(stat -c '%U %a' /var/lib/whippet)" = 'whippet 750' ] || fail 'the folder of its state is its own'
[ "$(stat -c '%U %a' /etc/whippet/environment)" = 'root 600' ] || fail 'only root reads its variables'
whippet --version
runuser -u whippet -- whippet config -c /etc/whippet/whippet.yaml --check
echo installed

install -d -o whippet /run/whippet
runuser -u whippet -- whippet run --config /etc/whippet/whippet.yaml --port 0 --socket /run/whippet/dsd.socket --set http.port=0 --set bucket_seconds=1 2>/tmp/log &
server=$!
waitfor() { n=0; until grep -q "$1" /tmp/log; do n=$((n + 1)); [ $n -lt 300 ] || { cat /tmp/log; fail "waited for $1"; }; sleep 0.1; done; }
waitfor 'HTTP is up'
whippet send --count page.views 3 --to unix:///run/whippet/dsd.socket
waitfor 'samples=1'
kill -TERM "$(pgrep -P $server || echo $server)"
wait $server || fail 'it stops with code 0'
grep -q '"balanced":true' /tmp/log || fail 'its totals balance'
echo received

echo 'bucket_seconds: 5' >>/etc/whippet/whippet.yaml
dpkg -i "$deb" >/dev/null
grep -q 'bucket_seconds: 5' /etc/whippet/whippet.yaml || fail 'an upgrade keeps the configuration'
echo upgraded

dpkg -r whippet >/dev/null
[ ! -e /usr/bin/whippet ] && [ ! -e /usr/lib/whippet ] && [ ! -e /lib/systemd/system/whippet.service ] || fail 'the program is gone'
[ -e /etc/whippet/whippet.yaml ] && [ -d /var/lib/whippet ] || fail 'configuration and data stay'
echo removed

dpkg -P whippet >/dev/null
[ ! -e /etc/whippet ] && [ ! -e /var/lib/whippet ] || fail 'nothing is left'
! getent passwd whippet >/dev/null || fail 'the user is gone'
echo purged
`;

let folder: string;
let deb: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-debian-'));
  const { stdout, output, status } = run(ROOT, process.execPath, 'scripts/debian.mjs', folder);
  expect(status, output).toBe(0);
  deb = stdout.trim();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is small, and says what it needs', () => {
  expect(statSync(deb).size).toBeLessThan(PACKAGE_BYTES_MAX);
  const { output } = run(folder, 'dpkg-deb', '--field', deb, 'Depends', 'Architecture');
  expect(output).toContain('nodejs (>= 20.19)');
  const contents = run(folder, 'dpkg-deb', '--contents', deb).output;
  expect(contents.split('\n').filter((line) => line !== '' && !line.includes(' root/root '))).toEqual([]);
});

it('is installed, receives, is upgraded, removed and purged', () => {
  writeFileSync(join(folder, 'steps.sh'), STEPS);
  writeFileSync(
    join(folder, 'copy.sh'),
    `set -eu
mount -t tmpfs none ${folder}
mkdir ${folder}/upper ${folder}/work ${folder}/root
mount -t overlay -o lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work none ${folder}/root
mount -t proc none ${folder}/root/proc
mount --rbind /dev ${folder}/root/dev
mount -t tmpfs none ${folder}/root/run
mount -t tmpfs none ${folder}/root/tmp
cat <&3 >${folder}/root/tmp/whippet.deb
cat <&4 >${folder}/root/tmp/steps.sh
exec chroot ${folder}/root /bin/sh /tmp/steps.sh /tmp/whippet.deb
`,
  );
  const { stdout, stderr, status } = spawnSync(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      `exec 3<${deb} 4<${folder}/steps.sh; . ${folder}/copy.sh`,
    ],
    { encoding: 'utf8', timeout: 300_000, env: { PATH: process.env.PATH } },
  );
  expect(status, stdout + stderr).toBe(0);
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining(['installed', 'received', 'upgraded', 'removed', 'purged']),
  );
});
