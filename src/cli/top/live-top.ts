/**
 * The live view: reads the stream of a server, takes keys, draws the state in place.
 *
 * Draws after a tick, a key or a change of size, at most every DRAW_MS; the clock of what is shown moves with the ticks.
 */

import type { TailBatch } from '../../model/live/line-views.ts';
import type { HistoryAnswer, SeriesAnswer } from '../../model/live/series-views.ts';
import type { StreamTick } from '../../model/live/stream-views.ts';
import type { ContextTraffic, TopAnswer } from '../../model/live/traffic-views.ts';
import { type AskedServer, askJson } from '../ask-server.ts';
import { readEvents } from './event-reader.ts';
import { readKeys } from './keys.ts';
import { INITIAL, press, type TopState } from './model.ts';
import { Screen } from './screen.ts';
import type { TopTerminal } from './top-terminal.ts';
import type { Look } from './view-header.ts';
import { pageOf } from './view-list.ts';
import { render } from './views.ts';

const DRAW_MS = 40;
const POLL_MS = 1000;
const TAIL_LINES = 500;
const FINE_CELLS_MIN = 20;

export class LiveTop {
  private state: TopState = INITIAL;
  private readonly server: AskedServer;
  private readonly terminal: TopTerminal;
  private readonly screen: Screen;
  private readonly ascii: boolean;
  private stopStream: () => void = () => undefined;
  private stopTail: (() => void) | undefined;
  /** What the stream was asked for. */
  private asked = '';
  private drawing: NodeJS.Timeout | undefined;
  private polling: NodeJS.Timeout | undefined;
  private isPolling = false;
  private finish: (error?: Error) => void = () => undefined;

  constructor(
    server: AskedServer,
    terminal: TopTerminal,
    look: { readonly ascii: boolean; readonly colour: boolean },
  ) {
    this.server = server;
    this.state = { ...INITIAL, url: server.url };
    this.terminal = terminal;
    this.ascii = look.ascii;
    this.screen = new Screen((text) => void terminal.stdout.write(text), look.colour);
  }

  /** Resolves when it was quit; the terminal is as before then, whatever happened. */
  async run(): Promise<void> {
    const { stdin, stdout } = this.terminal;
    const onKeys = (data: Buffer | string): void => this.onKeys(String(data));
    const onResize = (): void => this.draw();
    const onSignal = (): void => this.finish();
    const ended = new Promise<void>((resolve, reject) => {
      this.finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    const restore = (): void => this.screen.leave();
    process.on('exit', restore);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
    stdout.on('resize', onResize);
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', onKeys);
    this.screen.enter();
    this.draw();
    this.listen();
    this.polling = setInterval(() => void this.poll(), POLL_MS);
    try {
      await ended;
    } finally {
      this.stopStream();
      this.stopTail?.();
      clearInterval(this.polling);
      clearTimeout(this.drawing);
      stdin.off('data', onKeys);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.off('resize', onResize);
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(signal, onSignal);
      process.off('exit', restore);
      this.screen.leave();
    }
  }

  /** Ends run(). */
  quit(): void {
    this.finish();
  }

  private get look(): Look {
    const { columns = 80, rows = 24 } = this.terminal.stdout;
    return { columns, rows, ascii: this.ascii };
  }

  private onKeys(input: string): void {
    try {
      for (const key of readKeys(input)) {
        const [next, effect] = press(this.state, key, pageOf(this.state, this.look));
        const wasView = this.state.view;
        this.state = next;
        if (effect === 'quit') {
          this.finish();
          return;
        }
        if (effect === 'copy') this.copy();
        if (next.view !== wasView) this.onView();
      }
      this.listen();
      this.schedule();
    } catch (error) {
      this.finish(error as Error);
    }
  }

  /** Reads the stream as the view needs it; asks anew when that has changed. */
  private listen(): void {
    const { filter, sort, reverse, offset, metric, view } = this.state;
    const query = new URLSearchParams({
      // In a metric its own row is needed, wherever it stands.
      search: view === 'metric' ? exactly(metric ?? '') : filter,
      sort,
      order: reverse ? 'asc' : 'desc',
      offset: String(view === 'metric' ? 0 : offset),
      limit: '200',
    });
    const asked = query.toString();
    if (asked === this.asked) return;
    this.asked = asked;
    this.stopStream();
    this.stopStream = readEvents(this.server, `/api/stream?${asked}`, {
      onEvent: (event, data) => event === 'tick' && this.onTick(data as StreamTick),
      onLost: (why, retryAt) => this.onLost(why, retryAt / 1000),
    });
  }

  private onTick(tick: StreamTick): void {
    const { state } = this;
    if (state.pausedAt !== undefined) return;
    const rows = tick.top.rows.map(({ name }) => name);
    const cursor = state.cursor !== undefined && rows.includes(state.cursor) ? state.cursor : rows[0];
    this.state = { ...state, tick, cursor, lost: undefined, now: Date.now() / 1000, message: '' };
    this.schedule();
  }

  private onLost(why: string, retryAt: number): void {
    const since = this.state.lost?.since ?? Date.now() / 1000;
    this.state = { ...this.state, lost: { since, retryAt, why }, now: Date.now() / 1000 };
    this.schedule();
  }

  private onView(): void {
    const { view } = this.state;
    if (view !== 'tail') {
      this.stopTail?.();
      this.stopTail = undefined;
    } else if (this.stopTail === undefined) {
      this.stopTail = readEvents(this.server, '/api/messages', {
        onEvent: (event, data) => event === 'messages' && this.onMessages(data as TailBatch),
        onLost: (why, retryAt) => this.onLost(why, retryAt / 1000),
      });
    }
    void this.poll();
  }

  private onMessages({ messages, leftOut }: TailBatch): void {
    const { state } = this;
    if (state.pausedAt !== undefined) return;
    const tail = [...state.tail, ...messages].slice(-TAIL_LINES);
    this.state = { ...state, tail, tailLeftOut: state.tailLeftOut + leftOut };
    this.schedule();
  }

  /** Asks for what the stream does not bring: totals over time, series of a metric, contexts. */
  private async poll(): Promise<void> {
    const { view, metric, range, pausedAt, lost } = this.state;
    if (this.isPolling || pausedAt !== undefined || lost !== undefined) {
      this.schedule();
      return;
    }
    this.isPolling = true;
    try {
      const history = (await askJson(this.server, '/api/history?range=300')) as HistoryAnswer | undefined;
      const series =
        view === 'metric' && metric !== undefined ? await this.seriesOf(metric, range) : undefined;
      const contexts = view === 'contexts' ? await this.contexts() : this.state.contexts;
      const isSame = this.state.metric === metric;
      this.state = {
        ...this.state,
        history,
        contexts,
        ...(isSame && { series: series ?? this.state.series }),
      };
      this.schedule();
    } catch {
      // The stream tells that the server has gone, and when it is back.
    } finally {
      this.isPolling = false;
    }
  }

  /** By the second once enough of that is there, from the history until then. */
  private async seriesOf(metric: string, range: number): Promise<SeriesAnswer | undefined> {
    const query = (more: Record<string, string>): string =>
      `/api/series?${new URLSearchParams({ metric, range: String(range), limit: '40', ...more })}`;
    if (range <= 300) {
      const fine = (await askJson(this.server, query({ step: '1' }))) as SeriesAnswer | undefined;
      const known = fine?.fineSince == null ? 0 : fine.from + fine.cells - fine.fineSince;
      if (fine !== undefined && known >= FINE_CELLS_MIN) return fine;
    }
    return (await askJson(this.server, query({}))) as SeriesAnswer | undefined;
  }

  private async contexts(): Promise<readonly ContextTraffic[]> {
    const answer = await askJson(this.server, '/api/top?by=context&limit=100');
    return (answer as TopAnswer<ContextTraffic> | undefined)?.rows ?? [];
  }

  /** To the clipboard of the terminal's machine, also over SSH, where the terminal allows it (OSC 52). */
  private copy(): void {
    const text = this.state.metric ?? this.state.cursor;
    if (text === undefined) return;
    this.terminal.stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
    this.state = { ...this.state, message: 'copied' };
  }

  private schedule(): void {
    this.drawing ??= setTimeout(() => this.draw(), DRAW_MS);
  }

  private draw(): void {
    clearTimeout(this.drawing);
    this.drawing = undefined;
    try {
      const { columns, rows } = this.look;
      if (this.state.lost !== undefined || this.state.pausedAt === undefined)
        this.state = { ...this.state, now: Date.now() / 1000 };
      this.screen.draw(render(this.state, this.look), columns, rows);
    } catch (error) {
      this.finish(error as Error);
    }
  }
}

/** A search for one metric alone; a name with spaces is searched for by its words. */
function exactly(name: string): string {
  return /\s/.test(name) ? name : `name:${name}`;
}
