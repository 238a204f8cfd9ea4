/**
 * The layers of src/: who may import whom, and who may know the time (docs/architecture.md).
 *
 *   a part imports itself, model/, lib/ and telemetry/; server.ts, server/, index.ts, *.worker.ts and the shard
 *   that the entries of threads share join parts
 *   protocol/, enrich/ and aggregate/ read no clock and no socket
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What everyone may import, and what these themselves may. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  lib: ['model'],
  telemetry: ['model', 'lib'],
};
/** Parts that stand beside the pipeline: commands, and what looks into the steps to say what each does to a line. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  cli: ['config', 'inspect', 'testing'],
  inspect: ['config', 'protocol', 'enrich', 'core', 'aggregate'],
  testing: ['config', 'inspect', 'intake'],
};
/** Files that join parts: the server, the package's public face, the entries of threads and what these share. */
const isJoiner = (file: string): boolean =>
  ['server.ts', 'index.ts', 'intake/joined-shard.ts'].includes(file) ||
  file.startsWith('server/') ||
  file.endsWith('.worker.ts');

/** Imports beyond the rule, each with its reason. `types` allows only what is gone after compilation. */
const EXCEPTIONS: readonly {
  readonly from: string;
  readonly to: string;
  readonly only?: 'types';
  readonly reason: string;
}[] = [
  { from: 'cli/', to: 'server.ts', reason: 'the run command starts the server' },
  { from: 'cli/', to: 'intake/send-batch.ts', reason: 'whippet send sends as the benchmark does' },
  { from: 'cli/', to: 'intake/libc.ts', reason: 'whippet send names the errors of system calls' },
  {
    from: 'intake/intake-settings.ts',
    to: '',
    only: 'types',
    reason: 'a thread is told the settings of the parts that its entry joins',
  },
  {
    from: 'intake/intake-thread.ts',
    to: 'core/core.ts',
    reason: 'the thread owns the memory that its core lives in, and makes it',
  },
];

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

const partOf = (file: string): string => file.split('/')[0] as string;

function isAllowed({ from, to, isType }: Import): boolean {
  const [part, target] = [partOf(from), partOf(to)];
  if (isJoiner(from) || part === target) return true;
  const shared = SHARED[part];
  if (shared !== undefined) return shared.includes(target);
  if (target in SHARED || BESIDE[part]?.includes(target)) return true;
  return EXCEPTIONS.some(
    (exception) =>
      from.startsWith(exception.from) &&
      to.startsWith(exception.to) &&
      (exception.only !== 'types' || isType),
  );
}

const all = files.flatMap(importsOf);
const local = all.filter(({ isLocal }) => isLocal);

describe('the parts of the server', () => {
  it('import only themselves and what is shared', () => {
    const wrong = local.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  it('need every exception', () => {
    const unused = EXCEPTIONS.filter(
      ({ from, to }) =>
        !local.some(
          (one) => one.from.startsWith(from) && one.to.startsWith(to) && partOf(one.from) !== partOf(one.to),
        ),
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
        ['intake', 'core', 'protocol', 'enrich', 'aggregate'].includes(partOf(from)) &&
        !isJoiner(from) &&
        ['outputs', 'http', 'cli', 'config', 'server.ts'].includes(partOf(to)),
    );
    expect(wrong).toEqual([]);
  });
});

describe('protocol, enrich and aggregate', () => {
  const pure = files.filter((file) => ['protocol', 'enrich', 'aggregate'].includes(partOf(file)));
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
