/** The licences of the libraries that are inside the package's code, as their authors ask. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The text of THIRD-PARTY-LICENSES.txt for a bundle of `modules`, which are paths. */
export function licencesOf(root, modules) {
  const packages = [...packagesOf(root, modules)].sort((a, b) => (a.title < b.title ? -1 : 1));
  const head = 'The code of whippet contains these libraries, unchanged, under the licences below.';
  return `${[head, ...packages.map(({ title, text }) => `${title}\n\n${text}`)].join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

/** Name, version and licence of each package that a module is from. */
export function packagesOf(root, modules) {
  const folders = new Set();
  for (const module of modules) {
    const at = module.lastIndexOf(`node_modules${sep}`);
    if (at < 0) continue;
    const [scope, name] = module.slice(at + 'node_modules/'.length).split(sep);
    folders.add(join(module.slice(0, at), 'node_modules', scope.startsWith('@') ? join(scope, name) : scope));
  }
  return new Set([...folders].filter((folder) => folder.startsWith(root)).map(describe));
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|-|$)/i.test(entry));
  if (file === undefined && license === undefined) throw new Error(`bundle: ${name} names no licence`);
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return { title: `${name} ${version} (${license ?? 'see below'})`, text };
}
