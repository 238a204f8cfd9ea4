/** Colours of the style sheet for canvases, which know no variables: resolved once for each theme. */
import { colours } from '../state/theme.ts';
import type { ColourName } from './colour-names.ts';

let known = new Map<ColourName, string>();
let knownFor = -1;
let probe: HTMLElement | undefined;

/** The colour of a token as canvases take it: `rgb(29, 95, 209)`. */
export function colour(name: ColourName): string {
  if (knownFor !== colours.value) {
    known = new Map();
    knownFor = colours.value;
  }
  const seen = known.get(name);
  if (seen !== undefined) return seen;
  if (probe === undefined) {
    probe = document.createElement('i');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(--${name})`;
  const resolved = getComputedStyle(probe).color;
  known.set(name, resolved);
  return resolved;
}

/** The same, see-through: `alpha` from 0 to 1. */
export function faded(name: ColourName, alpha: number): string {
  const [r = '0', g = '0', b = '0'] = colour(name).match(/[\d.]+/g) ?? [];
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}
