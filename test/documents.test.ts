/**
 * The documents say what the code says: every error code, every reason, every file they point at.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS } from '../src/config/schema.ts';
import { EVENT_ERRORS, METRIC_ERRORS, SERVICE_CHECK_ERRORS } from '../src/model/message.ts';
import { AGENT_METRICS } from '../src/server/watches/agent-telemetry.ts';
import { CLIENT_FIELDS } from '../src/telemetry/client-telemetry.ts';
import { ledgerMetrics, type Totals, totalsFor, type Unit } from '../src/telemetry/ledger/ledger.ts';
import { LEDGER_TABLES } from '../src/telemetry/ledger/ledger-table.ts';
import { OTHER_LOSSES } from '../src/telemetry/ledger/ledger-words.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Codes of Node's own errors, which the server looks for and never makes. */
const CODES_OF_NODE = ['ERR_BUFFER_TOO_LARGE', 'ERR_HTTP_REQUEST_TIMEOUT', 'ERR_MODULE_NOT_FOUND'];
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => read(join('src', file)));
/** Files whose metrics docs/ledger.md describes. */
const LEDGER_METRICS = [
  'src/telemetry/client-telemetry.ts',
  'src/telemetry/ledger/listener-stats.ts',
  'src/telemetry/counters/forward-metrics.ts',
];

/** Metrics whose names are put together: those of the ledger. */
function ledgerNames(): string[] {
  const tables = LEDGER_TABLES.flatMap(({ stage, table }) => totalsFor(stage, '', table, []));
  const places = [
    ...['dispatch messages', 'aggregate values', 'output records'],
    ...['global_edge partials', 'global_owner partials'],
  ];
  const others = places.map((place): Totals => {
    const [stage = '', unit] = place.split(' ');
    const one = { x: 0 };
    const numbers = { accepted: one, rejected: one, filtered: one, dropped: one, held: one };
    return { stage, name: '', unit: unit as Unit, received: 0, ...numbers };
  });
  return ledgerMetrics([...tables, ...others]).map(({ name }) => name);
}

const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

describe('docs/errors.md', () => {
  const page = read('docs/errors.md');
  const codesOf = (text: string): Set<string> => new Set(text.match(/\bERR_[A-Z]+(?:_[A-Z]+)*\b/g));

  it('lists every code of the server, and no other', () => {
    const used = new Set(sources.flatMap((source) => [...codesOf(source)]));
    for (const code of CODES_OF_NODE) used.delete(code);
    expect([...codesOf(page)].sort()).toEqual([...used].sort());
  });

  it('lists every reason to reject a line', () => {
    for (const reason of [...METRIC_ERRORS, ...EVENT_ERRORS, ...SERVICE_CHECK_ERRORS])
      expect(page).toContain(`\`${reason}\``);
  });
});

describe('docs/ledger.md', () => {
  const page = read('docs/ledger.md').replace(/ +/g, ' ');

  it('has every line of the ledger as the code says it', () => {
    const rows = LEDGER_TABLES.flatMap(({ table }) => table).map(
      ({ unit, outcome, reason, help, remedy }) => {
        const meaning = remedy === undefined ? help : `${help} **What to do**: ${remedy}.`;
        return `| ${unit} | ${outcome} | ${reason === '' ? '' : `\`${reason}\` `}| ${meaning} |`;
      },
    );
    const losses = OTHER_LOSSES.map(
      ([stage, unit, reason, help, remedy]) =>
        `| ${stage} | ${unit} | \`${reason}\` | ${help} **What to do**: ${remedy}. |`,
    );
    expect([...rows, ...losses].filter((row) => !page.includes(row))).toEqual([]);
  });

  it("has every counter of clients and every one of the Agent's names", () => {
    const clients = Object.entries(CLIENT_FIELDS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
    const agent = AGENT_METRICS.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
    expect([...clients, ...agent].filter((row) => !page.includes(row))).toEqual([]);
  });

  it.each(LEDGER_METRICS)('names every metric of %s', (file) => {
    const named = [...read(file).matchAll(/'(whippet_[a-z_]+)'/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('sections', () => {
  /** Headings as links name them: lower case, words joined by hyphens. */
  const slugsOf = (page: string): string[] =>
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  const isThere = (page: string, section: string | undefined): boolean =>
    existsSync(join(ROOT, page)) && (section === undefined || slugsOf(page).includes(section));
  const cited = ['src', 'bench', 'ui', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|tsx|mjs)$/.test(file))
      .flatMap((file) => {
        const path = join(folder, file);
        const citations = [...read(path).matchAll(/\bdocs\/[\w/-]+\.md(?:#([\w-]+))?/g)];
        return citations.map(([text, section]) => ({
          path,
          text,
          page: text.split('#', 1)[0] ?? '',
          section,
        }));
      }),
  );

  it('that comments cite exist', () => {
    expect(cited.length).toBeGreaterThan(100);
    const lost = cited.filter(({ page, section }) => !isThere(page, section));
    expect(lost.map(({ path, text }) => `${path} cites ${text}`)).toEqual([]);
  });

  it('of documents outside the repository are cited nowhere', () => {
    const foreign =
      /\bspec (?:aggregation|capture|global|intake|mapper|origin|output|protocol|sketch|statistics)\b/;
    const paths = [...new Set(cited.map(({ path }) => path))];
    expect(sources.filter((source) => foreign.test(source))).toEqual([]);
    expect(paths.filter((path) => path !== 'test/documents.test.ts' && foreign.test(read(path)))).toEqual([]);
  });

  it.each(documents)('that %s points at exist', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]*\.md|)#([^)]+)\)/g)];
    const lost = links.filter(([, target, section]) => {
      const page = target === '' ? document : join(dirname(document), target as string);
      return !isThere(page, section);
    });
    expect(lost.map(([text]) => text)).toEqual([]);
  });
});

describe('the documents', () => {
  it.each(documents)('%s points only at files that exist', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
    const lost = links
      .map(([, target = '']) => join(dirname(document), target))
      .filter((path) => !existsSync(join(ROOT, path)));
    expect(lost).toEqual([]);
  });

  it.each(documents)('%s names only source files that exist', (document) => {
    const paths = read(document).match(/\b(?:src|test|bench|scripts)\/[\w./-]+\.(?:ts|mjs|json)\b/g) ?? [];
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  // The changelog names what there was.
  it.each(
    documents.filter((document) => document !== 'CHANGELOG.md'),
  )('%s names only metrics of the server that exist', (document) => {
    const known = [...sources, ...ledgerNames()].join('\n');
    const names = read(document).match(/\bwhippet_[a-z]+_[a-z_]+\b/g) ?? [];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('README.md names only keys that exist', () => {
    const keys = new Set(CONFIG_KEYS.map(({ path }) => path));
    const rows = [...read('README.md').matchAll(/^\| `([a-z_.]+)` +\|/gm)].map(([, key]) => key as string);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter((key) => !keys.has(key))).toEqual([]);
  });
});
