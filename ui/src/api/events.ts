/**
 * Server-sent events out of a stream of text, read with `fetch`: an `EventSource` could not send the token.
 *
 *   event: tick\n data: {…}\n \n      ─▶ { event: 'tick', data: '{…}' }
 *
 * Limits  An event of more than EVENT_CHARS_MAX characters ends the stream: the page never holds more than that.
 */

const EVENT_CHARS_MAX = 8 * 1024 * 1024;

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

export class EventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];
  private size = 0;

  /** Takes the next piece; returns the events that it completes. Throws when one gets too long. */
  feed(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() as string;
    for (const line of lines) {
      const event = this.takeLine(line);
      if (event !== undefined) events.push(event);
    }
    if (this.rest.length + this.size > EVENT_CHARS_MAX) throw new Error('an event of the server is too long');
    return events;
  }

  private takeLine(line: string): ServerEvent | undefined {
    if (line === '') {
      const event = { event: this.event === '' ? 'message' : this.event, data: this.data.join('\n') };
      const isEmpty = this.data.length === 0;
      this.event = '';
      this.data = [];
      this.size = 0;
      return isEmpty ? undefined : event;
    }
    if (line.startsWith(':')) return undefined;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') {
      this.data.push(value);
      this.size += value.length;
    }
    return undefined;
  }
}
