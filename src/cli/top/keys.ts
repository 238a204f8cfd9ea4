/** What was typed, as names of keys: bytes of a terminal in raw mode, several keys at a time when they come fast. */

const SEQUENCES: Readonly<Record<string, string>> = {
  ...{ '\x1b[A': 'up', '\x1b[B': 'down', '\x1b[C': 'right', '\x1b[D': 'left' },
  ...{ '\x1bOA': 'up', '\x1bOB': 'down', '\x1bOC': 'right', '\x1bOD': 'left' },
  ...{
    '\x1b[5~': 'pageup',
    '\x1b[6~': 'pagedown',
    '\x1b[H': 'home',
    '\x1b[F': 'end',
    '\x1b[1~': 'home',
    '\x1b[4~': 'end',
  },
};
const CONTROLS: Readonly<Record<string, string>> = {
  ...{
    '\r': 'enter',
    '\n': 'enter',
    '\x7f': 'backspace',
    '\b': 'backspace',
    '\x03': 'ctrl-c',
    ' ': 'space',
    '\t': 'tab',
  },
};

/** The keys in `input`. A lone escape is the key; what is not known of a sequence is left out. */
export function readKeys(input: string): string[] {
  const keys: string[] = [];
  let rest = input;
  while (rest !== '') {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send them
    const [sequence] = /^\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])/.exec(rest) ?? [];
    if (sequence !== undefined) {
      const key = SEQUENCES[sequence];
      if (key !== undefined) keys.push(key);
      rest = rest.slice(sequence.length);
      continue;
    }
    const [char = ''] = rest;
    if (char === '\x1b') keys.push('esc');
    else keys.push(CONTROLS[char] ?? char);
    rest = rest.slice(char.length);
  }
  return keys;
}
