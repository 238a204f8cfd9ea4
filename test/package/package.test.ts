/** What `npm pack` packs, unpacked beside the few packages it needs, works; without a registry. `npm run test:package` installs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile, makeProject, packInto, probe, RESOLUTIONS, ROOT, removeProject, run } from './project.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<
    Record<string, { engines?: { node?: string }; optional?: boolean; version: string }>
  >;
}
const { satisfies } = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string): boolean;
};
const LOWEST_NODE = ['20.19.0', '22.12.0', '24.0.0'];

let project: string;
let files: string[];
beforeAll(() => {
  project = makeProject();
  const tarball = packInto(join(project, 'packed'));
  const target = join(project, 'node_modules/whippet');
  mkdirSync(target, { recursive: true });
  const unpacked = run(project, 'tar', '-xzf', tarball, '--strip-components=1', '-C', target);
  expect(unpacked.status, unpacked.output).toBe(0);
  files = run(project, 'tar', '-tzf', tarball).output.trim().split('\n');
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  for (const name of [...Object.keys(dependencies), '@koromix', '@types', 'undici-types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
}, 120_000);
afterAll(() => removeProject(project));

it('the package has the program, the page, the types and the licences, and neither sources nor tests nor source maps', () => {
  for (const file of [
    'esm/whippet.js',
    'cjs/testing.cjs',
    'types/index.d.ts',
    'core/core.wasm',
    'ui/index.html',
  ])
    expect(files).toContain(`package/dist/${file}`);
  expect(files).toContain('package/dist/THIRD-PARTY-LICENSES.txt');
  expect(files.filter((file) => /\.map$|\/src\/|\/bench\/|\.test\./.test(file))).toEqual([]);
  const urls = files
    .filter((file) => file.endsWith('js'))
    .filter((file) =>
      readFileSync(join(project, file.replace('package', 'node_modules/whippet')), 'utf8').includes(
        'sourceMappingURL=',
      ),
    );
  expect(urls).toEqual([]);
});

it('everything that is in the package and everything it installs runs on Node.js 20.19, 22 and 24, by its own word', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const licences = readFileSync(join(ROOT, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  const names = [...licences.matchAll(/^(@?[\w./-]+) (\d+\.\d+\.\d+\S*) \(/gm)].map(([, name, version]) => ({
    name,
    version,
  }));
  expect(names.map(({ name }) => name)).toContain('fastify');
  expect(names.map(({ name }) => name)).toContain('light-my-request');
  for (const { name, version } of [...names, { name: 'koffi' }, { name: 're2js' }] as {
    name: string;
    version?: string;
  }[]) {
    const found = Object.entries(packages).filter(
      ([path, entry]) =>
        path.endsWith(`node_modules/${name}`) && (version ?? entry.version) === entry.version,
    );
    expect(found, name).not.toEqual([]);
    for (const [path, { engines }] of found)
      for (const node of LOWEST_NODE)
        expect([path, node, satisfies(node, engines?.node ?? '*')]).toEqual([path, node, true]);
  }
});

it('the installed package works: command, server, test kit in both kinds of module, embedding, parser', () => {
  const { output, status } = probe(project, process.execPath);
  expect(status, output).toBe(0);
}, 120_000);

it('its types are complete, without the DOM and with libraries checked', () => {
  const { output, status } = compile(project, RESOLUTIONS[1]);
  expect(status, output).toBe(0);
}, 120_000);

it('a server whose files are replaced before anybody has asked it says so over HTTP, and receives on', async () => {
  const esm = join(project, 'node_modules/whippet/dist/esm');
  const flags = ['run', '--port', '0', '--http-port', '0', '--log-level', 'info'];
  const server = spawn(process.execPath, [join(esm, 'whippet.js'), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    let port: string | undefined;
    for await (const line of createInterface({ input: server.stderr })) {
      port = /"port":(\d+),"msg":"HTTP is up"/.exec(line)?.[1];
      if (port !== undefined) break;
    }
    const ask = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/ready`);
    renameSync(esm, `${esm}-before`);
    const answer = await ask();
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('restart it')]);
    renameSync(`${esm}-before`, esm);
    expect(server.exitCode).toBe(null);
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    server.kill('SIGKILL');
  }
}, 60_000);
