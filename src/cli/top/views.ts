/** The state as lines for a terminal of a size: the view that is open. */
import type { TopState } from './model.ts';
import type { Line } from './screen.ts';
import type { Look } from './view-header.ts';
import { listView } from './view-list.ts';
import { metricView } from './view-metric.ts';
import { contextsView, keysView, lossesView, tailView } from './view-pages.ts';

export function render(state: TopState, look: Look): Line[] {
  const lines = linesOf(state, look);
  return look.ascii ? lines.map((line) => line.map((one) => ({ ...one, text: toAscii(one.text) }))) : lines;
}

/** Signs of ours; what comes from the wire stays as it is. */
function toAscii(text: string): string {
  return text.replaceAll('–', '-').replaceAll('…', '~').replaceAll('▏', '_').replaceAll('∞', 'inf');
}

function linesOf(state: TopState, look: Look): Line[] {
  switch (state.view) {
    case 'metric':
      return metricView(state, look);
    case 'tail':
      return tailView(state, look);
    case 'losses':
      return lossesView(state, look);
    case 'contexts':
      return contextsView(state, look);
    case 'keys':
      return keysView(state, look);
    default:
      return listView(state, look);
  }
}
