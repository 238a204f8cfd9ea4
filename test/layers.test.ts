/**
 * The layers of src/: who may import whom, and who may know the time (docs/architecture.md).
 *
 *   a part imports itself, model/, lib/ and telemetry/, and what the table in docs/architecture.md says
 *   server/, index.ts and *.worker.ts join parts
 *   protocol/, enrich/, shard/, aggregate/ and global/ read no clock and no socket
 *   no files of src/, bench/ and ui/ import each other in a circle, those of the core and imports of types included
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

const partOf = (file: string): string => file.split('/')[0] as string;

const DRAWING = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8');
/** A row of the drawing: folder, what it does, what it may import. */
const ROW = /^\| `src\/(\w+)\/` +\|[^|]*\|([^|]*)\|$/gm;
/** What everyone may import; these themselves only what their rows say. */
const SHARED = ['model', 'lib', 'telemetry'];
/** Parts, or single files, that each part may import. */
const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map(
  [...DRAWING.matchAll(ROW)].map(([, part = '', imports = '']) => [
    part,
    [...imports.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  ]),
);
/** Files that join parts: the server, the package's public face, the entries of threads. */
const isJoiner = (file: string): boolean =>
  file === 'index.ts' || partOf(file) === 'server' || file.endsWith('.worker.ts');

interface Import {
  readonly from: string;
  /** Path below src/, or the name of a package. */
  readonly to: string;
  readonly isLocal: boolean;
  readonly isType: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.endsWith('.test.ts'))
  .filter((file) => !file.startsWith(join('core', 'assembly')))
  .sort();

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
}

function importsOf(file: string): Import[] {
  const imports: Import[] = [];
  const add = (specifier: string, isType: boolean): void => {
    const isLocal = specifier.startsWith('.');
    const to = isLocal ? relative(SRC, resolve(SRC, file, '..', specifier)) : specifier;
    imports.push({ from: file, to, isLocal, isType });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const onlyTypes =
        named !== undefined &&
        ts.isNamedImports(named) &&
        clause?.name === undefined &&
        named.elements.every(({ isTypeOnly }) => isTypeOnly);
      add(node.moduleSpecifier.text, clause?.isTypeOnly === true || onlyTypes);
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      add(node.moduleSpecifier.text, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) add(argument.text, false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) add(node.argument.literal.text, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return imports;
}

function isAllowed({ from, to }: Import): boolean {
  const [part, target] = [partOf(from), partOf(to)];
  if (isJoiner(from) || part === target) return true;
  const allowed = ALLOWED.get(part) ?? [];
  if (allowed.includes(target) || allowed.includes(to)) return true;
  return !SHARED.includes(part) && SHARED.includes(target);
}

const all = files.flatMap(importsOf);
const local = all.filter(({ isLocal }) => isLocal);

describe('the parts of the server', () => {
  it('import only what the drawing says', () => {
    const wrong = local.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  it('are those of the drawing', () => {
    const parts = new Set(files.filter((file) => file.includes('/')).map(partOf));
    expect([...ALLOWED.keys()].sort()).toEqual([...parts].sort());
  });

  it('need every import that the drawing allows', () => {
    const isUsed = (part: string, allowed: string): boolean =>
      local.some(
        ({ from, to }) =>
          partOf(from) === part && !isJoiner(from) && (to === allowed || partOf(to) === allowed),
      );
    const unused = [...ALLOWED].flatMap(([part, allowed]) =>
      allowed.filter((name) => !isUsed(part, name)).map((name) => `${part}: ${name}`),
    );
    expect(unused).toEqual([]);
  });

  it('import no file that does not exist', () => {
    const known = new Set(files);
    const lost = local.filter(({ to }) => !known.has(to) && !to.startsWith('core/assembly/'));
    expect(lost).toEqual([]);
  });

  it('import no part further down the pipeline', () => {
    const wrong = local.filter(
      ({ from, to }) =>
        ['listeners', 'core', 'protocol', 'enrich', 'aggregate', 'global'].includes(partOf(from)) &&
        !isJoiner(from) &&
        ['outputs', 'http', 'cli', 'config', 'server'].includes(partOf(to)),
    );
    expect(wrong).toEqual([]);
  });
});

describe('protocol, enrich, aggregate and global', () => {
  const pure = files.filter((file) =>
    ['protocol', 'enrich', 'shard', 'aggregate', 'global'].includes(partOf(file)),
  );
  const SOCKETS = /^node:(net|dgram|http|https|tls|dns|child_process|worker_threads)|^(fastify|undici|koffi)/;

  it('import nothing that has a socket or a thread', () => {
    const wrong = all.filter(({ from, to }) => pure.includes(from) && SOCKETS.test(to));
    expect(wrong).toEqual([]);
  });

  it('read no clock', () => {
    const wrong: string[] = [];
    for (const file of pure) {
      const visit = (node: ts.Node): void => {
        const text = node.getText();
        const reads =
          (ts.isPropertyAccessExpression(node) && /^(Date|performance)\.now$/.test(text)) ||
          (ts.isPropertyAccessExpression(node) && /^process\.hrtime\b/.test(text)) ||
          (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) ||
          (ts.isIdentifier(node) && /^(setTimeout|setInterval|setImmediate)$/.test(text));
        if (reads) wrong.push(`${file}: ${text}`);
        ts.forEachChild(node, visit);
      };
      visit(parse(file));
    }
    expect(wrong).toEqual([]);
  });
});

it('model/ is plain data: it imports no package', () => {
  expect(all.filter(({ from, isLocal }) => partOf(from) === 'model' && !isLocal)).toEqual([]);
});

describe('imports', () => {
  const ROOT = resolve(SRC, '..');
  const sources = ['src', 'bench', 'ui']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .sort();

  /** Local imports of a file, types included: a circle of types ties files together as one of values does. */
  function neighbours(file: string, known: ReadonlySet<string>): string[] {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true);
    return importedFiles.flatMap(({ fileName }) => {
      if (!fileName.startsWith('.')) return [];
      const target = join(dirname(file), fileName);
      // The core names its files without their ending.
      return [target, `${target}.ts`, `${target}.tsx`].find((path) => known.has(path)) ?? [];
    });
  }

  it('make no circle in src/, bench/ and ui/', () => {
    const known = new Set(sources);
    const graph = new Map(sources.map((file) => [file, neighbours(file, known)]));
    expect(findCircles(graph)).toEqual([]);
  });

  it.each<[string, Record<string, string[]>, string[]]>([
    ['two files', { a: ['b'], b: ['a'] }, ['a → b → a']],
    ['a file and itself', { a: ['a'] }, ['a → a']],
    ['a circle behind a tail', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b → c → d → b']],
    ['two ways to one file', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
  ])('%s: the circle is found', (_, graph, circles) => {
    expect(findCircles(new Map(Object.entries(graph)))).toEqual(circles);
  });
});

/** One circle for each import that closes one, in the order of a walk into the depth. */
function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) circles.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return circles;
}
