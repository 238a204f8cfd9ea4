/**
 * A few colours for terminals, off unless someone can see them.
 */

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  cyan: [36, 39],
  yellow: [33, 39],
  green: [32, 39],
  red: [31, 39],
} as const;
export type Colour = keyof typeof CODES;

export type Paint = (colour: Colour, text: string) => string;

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether to use colour: FORCE_COLOR decides, then NO_COLOR, then whether the stream is a terminal. */
export function wantsColour(isTerminal: boolean, env: Environment = process.env): boolean {
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTerminal && env.TERM !== 'dumb';
}

/** Returns a function that colours text, or one that leaves it alone. */
export function painter(enabled: boolean): Paint {
  if (!enabled) return (_, text) => text;
  return (colour, text) => `\x1b[${CODES[colour][0]}m${text}\x1b[${CODES[colour][1]}m`;
}
