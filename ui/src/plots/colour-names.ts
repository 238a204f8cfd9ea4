/** Names of the colours that plots use; the style sheet says what they are. */
export type ColourName =
  | 's1'
  | 's2'
  | 's3'
  | 's4'
  | 's5'
  | 'text'
  | 'muted'
  | 'faint'
  | 'grid'
  | 'line2'
  | 'surface'
  | 'lost'
  | 'warn-mark'
  | 'warn'
  | 'accent';

export const SERIES_COLOURS = ['s1', 's2', 's3', 's4', 's5'] as const satisfies readonly ColourName[];
/** What is not told apart is grey. */
export const REST_COLOUR: ColourName = 's5';
