/**
 * The types of the package: the declarations that its entries need and no others, without those of the libraries inside
 * its code. So a program that imports it compiles with `skipLibCheck: false`, without a library's types and without the DOM.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import ts from 'typescript';

/** The configuration's types are inferred from its schema by zod; here they are written out. */
const CONFIG_TYPES = { file: 'dist/config/config-values.d.ts', name: 'ConfigValues' };
const PRINT =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.InTypeAlias |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
  ts.TypeFormatFlags.MultilineObjectLiterals;

/** Writes what `types` of each entry in package.json names, from the declarations of the server's build. */
export async function bundleTypes(root, entries) {
  const folder = join(root, 'dist/types');
  const input = Object.fromEntries(
    entries.map(({ types }) => [
      types.replace('./dist/types/', '').replace(/\.d\.ts$/, ''),
      join(root, types.replace('./dist/types/', 'dist/')),
    ]),
  );
  const configTypes = printType(root, CONFIG_TYPES.file, CONFIG_TYPES.name);
  const build = await rolldown({
    input,
    cwd: root,
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !/^[a-z]:/i.test(id),
    plugins: [
      {
        name: 'declarations',
        resolveId(id, importer) {
          if (!id.startsWith('.') || importer === undefined) return null;
          return join(dirname(importer), id.replace(/(\.d)?\.ts$/, '.d.ts'));
        },
        load(id) {
          return id === join(root, CONFIG_TYPES.file) ? configTypes : null;
        },
      },
      dts({ dtsInput: true, tsconfig: false }),
    ],
  });
  rmSync(folder, { recursive: true, force: true });
  await build.write({ dir: folder, chunkFileNames: 'chunk-[hash].d.ts' });
  await build.close();
}

/** A type with everything it is made of written out. */
function printType(root, file, name) {
  const path = join(root, file);
  const program = ts.createProgram([path], {
    module: ts.ModuleKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)));
  const symbol = exported.find((one) => one.name === name);
  const text = checker.typeToString(checker.getDeclaredTypeOfSymbol(symbol), undefined, PRINT);
  const missing = /: any\b|<any\b|import\(/.exec(text);
  if (missing !== null)
    throw new Error(
      `bundle: ${name} has a type that cannot be written out, near ${text.slice(missing.index - 40, missing.index + 20)}`,
    );
  return `${readFileSync(path, 'utf8').match(/^\/\*\*.*\*\/\n/)?.[0] ?? ''}export type ${name} = ${text.replace(/(?<=[{;]) {4,}/g, '\n$&')};\n`;
}

/**
 * Types of the ES module under the same names. CommonJS may name them only with a resolution mode, and a value only by
 * itself, so that each export becomes a line or two.
 */
export function writeCommonJsTypes(root, entries) {
  const declarations = entries.map((entry) => join(root, entry.types));
  const program = ts.createProgram(declarations, { module: ts.ModuleKind.NodeNext, skipLibCheck: true });
  const checker = program.getTypeChecker();
  entries.forEach((entry, i) => {
    const folder = dirname(join(root, entry.require.types));
    const source = program.getSourceFile(declarations[i]);
    const symbol = checker.getSymbolAtLocation(source);
    const path = relative(folder, declarations[i])
      .replaceAll('\\', '/')
      .replace(/\.d\.ts$/, '.js');
    const from = `'${path}', { with: { 'resolution-mode': 'import' } }`;
    const lines = checker.getExportsOfModule(symbol).flatMap((exported) => {
      const { flags } = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = exported.name === 'default' ? '_default' : exported.name;
      const type = `import(${from}).${exported.name}`;
      const statement = exported.name === 'default' ? ['export default _default;'] : [];
      const prefix = exported.name === 'default' ? 'declare' : 'export declare';
      return [
        ...(flags & ts.SymbolFlags.Value ? [`${prefix} const ${name}: typeof ${type};`] : []),
        ...(flags & ts.SymbolFlags.Type
          ? [`${exported.name === 'default' ? '' : 'export '}type ${name} = ${type};`]
          : []),
        ...statement,
      ];
    });
    const head = `import type {} from '${path}' with { 'resolution-mode': 'import' };`;
    writeFileSync(join(root, entry.require.types), `${[head, ...lines, 'export {};'].join('\n')}\n`);
  });
}
