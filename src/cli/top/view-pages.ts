/** The smaller views: lines as they arrive, losses, contexts, keys. */
import { formatAge, formatCount, formatRate } from '../../lib/text/short-number.ts';
import { elide, padTo } from '../../lib/text/terminal-text.ts';
import { TYPE_LETTERS } from '../../model/context.ts';
import type { TopState } from './model.ts';
import { type Line, span } from './screen.ts';
import { tailLine } from './tail-line.ts';
import { ends, type Look, liveSign } from './view-header.ts';

const FOOT = ' esc back  p pause  ? keys  q quit';

const KEY_HELP: readonly (readonly [string, string])[] = [
  ['/', 'filter metrics by words in the name, type:d, tag:env:prod; enter keeps, esc ends'],
  ['s', 'sort, then r rate, m samples, b bytes, c contexts, g growth, t tag values, n name, l last seen'],
  ['r, S', 'the other way round'],
  ['up, down', 'move the cursor; page up, page down, home, end'],
  ['enter', 'open the metric under the cursor; esc goes back'],
  ['[ ]', 'range of the plot: 5 minutes, 30 minutes, an hour'],
  ['l', 'losses; in a metric: lines instead of the heat map'],
  ['t', 'lines as they arrive, with what becomes of them'],
  ['k', 'contexts with most samples'],
  ['p', 'pause'],
  ['y', 'copy the name of the metric (terminals with OSC 52)'],
  ['q', 'quit, as does ctrl-c'],
];

export function keysView(state: TopState, look: Look): Line[] {
  const lines = KEY_HELP.map(
    ([key, what]): Line => [span(` ${padTo(key, 10, 'right')}`, 'bold'), span(` ${what}`)],
  );
  return page('keys', lines, state, look);
}

export function lossesView(state: TopState, look: Look): Line[] {
  const { tick, now } = state;
  const lines: Line[] = [];
  for (const { stage, name, unit, reason, count, help, remedy, lastAt } of tick?.losses ?? []) {
    const age = lastAt === null ? '' : `, last ${formatAge(now - lastAt)} ago`;
    const place = [stage, name].filter((part) => part !== '').join(' ');
    lines.push(
      [span(` ! ${formatCount(count)} ${unit}  ${place}: ${reason}${age}`, 'red')],
      [span(`     ${help}`)],
      [span(`     What to do: ${remedy}.`, 'bold')],
      [],
    );
  }
  if (lines.length === 0)
    lines.push([span(' No loss: everything that came in is accounted for.', 'green')], []);
  for (const { reason, count, perSecond, lines: samples } of tick?.errors ?? []) {
    lines.push([span(` ~ ${formatCount(count)} rejected, ${formatRate(perSecond)}/s  ${reason}`, 'yellow')]);
    for (const { line, listener } of samples.slice(0, 1)) lines.push([span(`     ${line}  (${listener})`)]);
  }
  return page('losses', lines, state, look);
}

export function contextsView(state: TopState, look: Look): Line[] {
  const lines: Line[] = [[span('   samples   rate/s    seen  ty metric  tags', 'dim')]];
  for (const { name, type, tags, samples, rates, lastSeen, overLimit } of state.contexts) {
    const rate = rates === null ? '–' : formatRate(rates.s60);
    const figures = `${padTo(formatCount(samples), 10, 'left')}${padTo(rate, 9, 'left')}${padTo(formatAge(state.now - lastSeen), 8, 'left')}  `;
    lines.push([
      span(figures),
      span(`${TYPE_LETTERS[type]}  `, 'dim'),
      span(name, overLimit ? 'yellow' : 'bold'),
      span(`  ${tags.join(' ')}`, 'dim'),
    ]);
  }
  return page('contexts', lines, state, look);
}

export function tailView(state: TopState, look: Look): Line[] {
  const room = look.rows - 3;
  const filter = state.filter.toLowerCase();
  const fitting = state.tail.filter(({ line }) => filter === '' || line.toLowerCase().includes(filter));
  const lines = fitting.slice(-room).map((line) => tailLine(line, look.ascii));
  if (lines.length === 0) lines.push([span(' waiting for lines …', 'dim')]);
  const left =
    state.tailLeftOut === 0
      ? ''
      : `  ${formatCount(state.tailLeftOut)} lines left out: more than 500 a second and thread`;
  return page(`tail${left}`, lines, state, look);
}

function page(title: string, lines: readonly Line[], state: TopState, look: Look): Line[] {
  const { columns, rows } = look;
  const head = ends(
    [span(` whippet  ${elide(title, columns - 30)}`, 'bold')],
    [liveSign(state, look)],
    columns,
  );
  const body = [head, [], ...lines].slice(0, rows - 1);
  while (body.length < rows - 1) body.push([]);
  const typed = state.typing === undefined ? undefined : [span(` /${state.typing}`, 'bold')];
  return [...body, typed ?? [span(FOOT, 'dim')]];
}
