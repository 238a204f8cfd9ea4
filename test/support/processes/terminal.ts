/**
 * A terminal for tests: a program runs on a pseudo-terminal (Python's, which every machine with Node's tools has), and what
 * it writes is drawn on a screen that tests read.
 *
 *   test ─keys─▶ python3 ─▶ pseudo-terminal ─▶ program        screen ◀─ what the program writes
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Relays its input to the program and back; a line `\0resize COLUMNS ROWS` on descriptor 3 changes the size. */
const RELAY = `
import fcntl, os, pty, select, signal, struct, sys, termios
columns, rows = int(sys.argv[1]), int(sys.argv[2])
def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    resize(0, columns, rows)
    os.execvp(sys.argv[3], sys.argv[3:])
resize(fd, columns, rows)
sources = [0, 3, fd]
while True:
    ready, _, _ = select.select(sources, [], [])
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)
    if 0 in ready:
        data = os.read(0, 65536)
        if data:
            os.write(fd, data)
        else:
            sources.remove(0)
    if 3 in ready:
        data = os.read(3, 64)
        if data:
            resize(fd, *map(int, data.split()))
        else:
            sources.remove(3)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
`;

const DEADLINE_MS = 120_000;

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class Terminal {
  /** Everything the program wrote. */
  output = '';
  readonly screen: TerminalScreen;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number>;
  private onOutput: () => void = () => undefined;

  constructor(command: readonly string[], { columns, rows, env = {} }: TerminalOptions) {
    this.screen = new TerminalScreen(columns, rows);
    this.child = spawn('python3', ['-c', RELAY, String(columns), String(rows), ...command], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
      env: { ...process.env, TERM: 'xterm-256color', ...env },
    });
    const decoder = new TextDecoder();
    this.child.stdout?.on('data', (data: Buffer) => {
      const text = decoder.decode(data, { stream: true });
      this.output += text;
      this.screen.write(text);
      this.onOutput();
    });
    this.exited = once(this.child, 'exit').then(([code]) => Number(code ?? -1));
  }

  press(keys: string): void {
    this.child.stdin?.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows);
    (this.child.stdio[3] as NodeJS.WritableStream).write(`${columns} ${rows}`);
  }

  /** Resolves when the screen fits; rejects with what is on it after a deadline. */
  async until(fits: (text: string) => boolean, what: string): Promise<string> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const text = this.screen.text();
      if (fits(text)) return text;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited for ${what}; the screen is:\n${text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 500));
        this.onOutput = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The exit code of the program. */
  async exit(): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.child.kill('SIGKILL');
        reject(new Error(`the program does not end; the screen is:\n${this.screen.text()}`));
      }, DEADLINE_MS);
    });
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** As much of a terminal as the programs use: cursor, clearing, the alternate screen; colours are left out. */
export class TerminalScreen {
  isAlternate = false;
  isCursorShown = true;
  private columns: number;
  private rows: number;
  private cells: string[][] = [];
  private x = 0;
  private y = 0;
  private pending = '';

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.clear();
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.clear();
  }

  text(): string {
    return this.cells.map((row) => row.join('').trimEnd()).join('\n');
  }

  write(text: string): void {
    let rest = this.pending + text;
    this.pending = '';
    while (rest !== '') {
      if (rest.startsWith('\x1b')) {
        const [sequence, parameters = '', command = ''] =
          // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals read
          /^\x1b(?:\[([?0-9;]*)([A-Za-z])|\][^\x07]*\x07)/.exec(rest) ?? [];
        if (sequence === undefined) {
          this.pending = rest;
          return;
        }
        this.command(parameters, command);
        rest = rest.slice(sequence.length);
        continue;
      }
      const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      this.put(char);
      rest = rest.slice(char.length);
    }
  }

  private command(parameters: string, command: string): void {
    if (command === 'H') {
      const [row = 1, column = 1] = parameters === '' ? [] : parameters.split(';').map(Number);
      this.y = row - 1;
      this.x = column - 1;
    } else if (command === 'J') this.clear();
    else if (parameters === '?1049') {
      this.isAlternate = command === 'h';
      this.clear();
    } else if (parameters === '?25') this.isCursorShown = command === 'h';
  }

  private put(char: string): void {
    if (char === '\r') this.x = 0;
    else if (char === '\n') {
      if (this.y < this.rows - 1) this.y++;
      else this.cells = [...this.cells.slice(1), new Array<string>(this.columns).fill(' ')];
    } else {
      const row = this.cells[this.y];
      if (row !== undefined && this.x < this.columns) row[this.x] = char;
      this.x++;
    }
  }

  private clear(): void {
    this.cells = Array.from({ length: this.rows }, () => new Array<string>(this.columns).fill(' '));
    this.x = 0;
    this.y = 0;
  }
}
