/**
 * Records a session on a terminal as a picture that plays by itself: docs/pictures/session.svg.
 *
 *   npm run build && node scripts/record-session.mjs       with script(1), which gives the server a terminal
 *
 * The commands really run, with the built program, against a server of their own on free ports, and what they print is what the
 * picture shows; only the ports are those of a server with its defaults. Lines appear one after the other by CSS, so that it plays in
 * any page without a script, and is all there at once for readers who want no motion. Nothing is fetched from anywhere.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/cli/whippet.js');
const PICTURE = join(ROOT, 'docs/pictures/session.svg');
const COLUMNS = 100;
const WAIT_MS = 20_000;

const CHARACTER = 8.4;
const LINE = 20;
const EDGE = 18;
/** Seconds between two commands, before their output, and between two lines of it. */
const PAUSE = { command: 1.4, output: 0.7, line: 0.06 };

/** The picture of `steps`: each a command and the lines it printed. */
export function drawSession(steps) {
  const lines = [];
  let at = 0.4;
  for (const { command, output } of steps) {
    lines.push({ at, text: command, isCommand: true });
    at += PAUSE.output;
    for (const text of output.flatMap(wrap)) {
      lines.push({ at, text, isCommand: false });
      at += PAUSE.line;
    }
    lines.push({ at, text: '', isCommand: false });
    at += PAUSE.command;
  }
  const width = Math.ceil(COLUMNS * CHARACTER + 2 * EDGE);
  const height = (lines.length - 1) * LINE + 2 * EDGE;
  const drawn = lines.flatMap(({ at: when, text, isCommand }, i) => {
    if (text === '') return [];
    const y = EDGE + (i + 0.75) * LINE;
    const prompt = isCommand ? '<tspan class="p">$ </tspan>' : '';
    const kind = isCommand ? 'c' : 'o';
    return `<text class="${kind}" x="${EDGE}" y="${y}" style="animation-delay:${when.toFixed(2)}s">${prompt}${escapeMarkup(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>A session with whippet on a terminal</title>
<style>
text { font: 14px ui-monospace, Menlo, Consolas, monospace; white-space: pre; fill: #c9d1d9; opacity: 0; animation: show 0.01s linear forwards }
.c { fill: #ffffff; font-weight: 600 }
.p { fill: #7ee787 }
@keyframes show { to { opacity: 1 } }
@media (prefers-reduced-motion: reduce) { text { opacity: 1; animation: none } }
</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
${drawn.join('\n')}
</svg>
`;
}

/** A line in pieces that fit. */
function wrap(text) {
  const pieces = [];
  for (let rest = text; ; rest = rest.slice(COLUMNS)) {
    pieces.push(rest.slice(0, COLUMNS));
    if (rest.length <= COLUMNS) return pieces;
  }
}

function escapeMarkup(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Runs the session; its steps. */
async function record() {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-session-'));
  const environment = { PATH: process.env.PATH, HOME: folder, DD_HOSTNAME: 'laptop' };
  const server = spawn(
    'script',
    ['-qefc', `exec '${process.execPath}' '${PROGRAM}' run --no-ui --port 0 --set http.port=0`, '/dev/null'],
    { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let printed = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (some) => (printed += some));
  try {
    // The last line of what it says at the start.
    const [, port] = await until(() => /nc -u -w0 127\.0\.0\.1 (\d+)/.exec(printed));
    const [, httpPort] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(printed);
    const shown = (text) =>
      stripVTControlCharacters(text).replaceAll(port, '8125').replaceAll(httpPort, '8127');
    const started = shown(printed).replaceAll('\r', '');
    const whippet = (...words) => {
      const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
        cwd: folder,
        env: environment,
        encoding: 'utf8',
      });
      return linesOf(shown(stdout + stderr));
    };
    const page = async () => (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    const to = ['--to', `udp://127.0.0.1:${port}`];
    const sent = whippet('send', ...to, 'page.views:3|c|#env:dev', 'page.load:0.7|g');
    await until(async () => /^page_views\{/m.test(await page()));
    const metrics = linesOf(await page()).filter((line) => line.startsWith('page_'));
    return [
      {
        command: 'whippet --no-ui &',
        output: linesOf(started.slice(started.indexOf('whippet is listening'))),
      },
      { command: "whippet send 'page.views:3|c|#env:dev' 'page.load:0.7|g'", output: sent },
      { command: 'curl -s http://127.0.0.1:8127/metrics | grep ^page_', output: metrics },
      {
        command: "whippet explain 'page.views:3|c|#env:dev'",
        output: whippet('explain', 'page.views:3|c|#env:dev'),
      },
      { command: "whippet explain 'page.views:3,5|c'", output: whippet('explain', 'page.views:3,5|c') },
    ];
  } finally {
    server.kill();
    await new Promise((resolve) => server.once('exit', resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

function linesOf(text) {
  return text.trimEnd().split('\n');
}

async function until(found) {
  for (let waited = 0; waited < WAIT_MS; waited += 50) {
    const what = await found();
    if (what) return what;
    await sleep(50);
  }
  throw new Error('the server did not start, or did not receive, in time');
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(PICTURE, drawSession(await record()));
  console.log(`wrote ${PICTURE}`);
}
