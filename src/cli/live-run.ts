/**
 * The live view of a server that was started on a terminal: `whippet top` over its own HTTP server, in the same process.
 *
 *   log ─▶ kept while the view is open ─▶ printed when it closes      q, ctrl-c ─▶ the server stops
 */
import type { Config } from '../config/schema.ts';
import type { LogStream } from '../telemetry/logger.ts';
import type { RunOptions } from './options.ts';

const LINES_MAX = 200;

/** Whether the server should open the live view here: on a terminal, unless something else is to be shown there. */
export function wantsLiveView(
  options: RunOptions,
  config: Config,
  { stdin, stdout, env }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'env'>,
): boolean {
  return (
    options.ui !== false &&
    stdin.isTTY === true &&
    stdout.isTTY === true &&
    env.TERM !== 'dumb' &&
    config.http.port >= 0 &&
    config.outputs.console !== true &&
    !config.outputs.echo
  );
}

/** Nothing is printed beside the live view. */
export const SILENT: LogStream = { write: () => undefined, isTTY: false };

/** Keeps the last lines of the log while the screen is not its own. */
export class HeldLog implements LogStream {
  private readonly stream: LogStream;
  private lines: string[] = [];
  private leftOut = 0;
  private isHolding = true;

  constructor(stream: LogStream) {
    this.stream = stream;
  }

  get isTTY(): boolean {
    return this.stream.isTTY === true;
  }

  write(text: string): void {
    if (!this.isHolding) {
      this.stream.write(text);
      return;
    }
    this.lines.push(text);
    if (this.lines.length <= LINES_MAX) return;
    this.lines.shift();
    this.leftOut++;
  }

  /** Prints what was kept; from now on lines are printed as they come. */
  release(): void {
    if (!this.isHolding) return;
    this.isHolding = false;
    if (this.leftOut > 0) this.stream.write(`${this.leftOut} earlier lines of the log are left out\n`);
    for (const line of this.lines) this.stream.write(line);
    this.lines = [];
  }
}

/** Shows the live view until it is quit, or `ended` comes; the terminal is as before then. */
export async function showLive(config: Config, port: number, ended: Promise<unknown>): Promise<void> {
  const { LiveTop } = await import('./top/live-top.ts');
  const { wantsColour } = await import('../lib/text/paint.ts');
  const host = ['0.0.0.0', '::'].includes(config.http.host) ? '127.0.0.1' : config.http.host;
  const address = host.includes(':') ? `[${host}]` : host;
  const server = { url: `http://${address}:${port}`, token: config.http.token };
  const live = new LiveTop(server, process, { ascii: false, colour: wantsColour(true) });
  void ended.then(() => live.quit());
  await live.run();
}
