/**
 * Makes TypeScript of the .proto files: `npm run proto`, after one of them has changed. Tests and benchmark check with it
 * what the server writes with an encoder of its own, so it is not in the package.
 *
 * Needs `buf` on the PATH or in the variable BUF (https://buf.build/docs/cli/installation); it is not installed
 * with the other tools because nothing else needs it. The result is committed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PROTO = 'bench/proto';

const template = {
  version: 'v2',
  plugins: [
    {
      local: join(root, 'node_modules', '.bin', 'protoc-gen-es'),
      out: PROTO,
      opt: ['target=ts', 'import_extension=ts'],
    },
  ],
};
const buf = process.env.BUF ?? 'buf';
const { error, status } = spawnSync(buf, ['generate', PROTO, '--template', JSON.stringify(template)], {
  cwd: root,
  stdio: 'inherit',
});
if (error !== undefined) {
  console.error(`proto: cannot run ${buf} (${error.message}); install buf, or set BUF to its path`);
  process.exit(1);
}
process.exit(status ?? 1);
