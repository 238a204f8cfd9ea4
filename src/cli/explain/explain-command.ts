/**
 * The work of `whippet explain`: lines from arguments, standard input or a file, or the packets of a capture, to
 * explanations on standard output, as they come.
 *
 *   {"messages":[                     --json: one document, a line of it for each message
 *   {"line":"a:1|c", …},
 *   {"line":"b:2|c", …}
 *   ],"unterminated":0}
 */
import { createReadStream } from 'node:fs';
import { isRecording, peekTraffic } from '../../inspect/capture/traffic.ts';
import { TrafficFile } from '../../inspect/capture/traffic-file.ts';
import {
  bytesOf,
  explainInDetail,
  type PacketOptions,
  type PacketSource,
  walkSettings,
} from '../../inspect/explain/explain.ts';
import { renderWalk } from '../../inspect/explain/render.ts';
import { type Walk, type WalkSettings, walkPacket } from '../../inspect/explain/walk.ts';
import { SeriesNames } from '../../inspect/series-names.ts';
import { painter, wantsColour } from '../../lib/text/paint.ts';
import type { ByteString } from '../../model/text.ts';
import { TrafficInput } from '../capture/traffic-input.ts';
import { type ConfigOptions, loadFromOptions } from '../options.ts';

export interface ExplainCommandOptions extends Omit<ConfigOptions, 'file'> {
  readonly file?: string;
  readonly json?: boolean;
  readonly source?: string;
  readonly origin?: string;
  readonly pid?: string;
}

interface OutputStream {
  readonly isTTY?: boolean;
  write(text: string): boolean;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  once(event: 'drain', listener: () => void): unknown;
}

/** Where the command reads, writes and looks around; the process itself in the program. */
export interface ExplainSurroundings {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: OutputStream;
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The command was called wrongly; the message says how. */
export class ExplainUsageError extends Error {}

const SOURCES: readonly string[] = ['udp', 'uds', 'named_pipe'] satisfies PacketSource[];
/** A stream without a newline is cut here, so that memory has a bound. */
const LINE_BYTES_MAX = 1024 * 1024;

export async function explainCommand(
  lines: readonly string[],
  options: ExplainCommandOptions,
  { stdin, stdout, stderr, env }: ExplainSurroundings = process,
): Promise<void> {
  const { file, json = false, source, origin, pid, ...configOptions } = options;
  checkSources(lines, file);
  const packet = packetOptions(source, origin, pid);
  const loaded = await loadFromOptions(configOptions, env);
  for (const warning of loaded.warnings) stderr.write(`whippet: warning: ${warning}\n`);
  const settings = walkSettings(loaded, packet);
  const packets = await choosePackets(lines, file, settings, loaded.config.dogstatsd_port, { stdin, stderr });
  const names = new SeriesNames(loaded.config);
  const { filterKey } = names;
  const paint = painter(wantsColour(stdout.isTTY === true, env));
  const format = json
    ? (walk: Walk, first: boolean) => `${first ? '' : ',\n'}${JSON.stringify(explainInDetail(walk, names))}`
    : (walk: Walk, first: boolean) => `${first ? '' : '\n'}${renderWalk(walk, { paint, names, filterKey })}`;

  const printer = new Printer(stdout);
  let messages = 0;
  let unterminated = 0;
  if (json) await printer.print('{"messages":[\n');
  for await (const { bytes, sender = settings } of packets) {
    const result = walkPacket(bytes, sender);
    unterminated += result.unterminated;
    for (const walk of result.walks) await printer.print(format(walk, messages++ === 0));
    if (printer.closed) return;
  }
  if (json) await printer.print(`\n],"unterminated":${unterminated}}\n`);
  else if (unterminated > 0) await printer.print(paint('red', `${describeUnterminated(unterminated)}\n`));
}

/** Prints no faster than the reader reads, and notices when the reader (`head`) has left. */
class Printer {
  closed = false;
  private readonly stdout: OutputStream;
  private wake: () => void = () => undefined;

  constructor(stdout: OutputStream) {
    this.stdout = stdout;
    stdout.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error;
      this.closed = true;
      this.wake();
    });
  }

  async print(text: string): Promise<void> {
    if (this.closed || this.stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      this.stdout.once('drain', resolve);
    });
  }
}

/** A packet, and what it is walked with where that is of its own. */
interface Packet {
  readonly bytes: ByteString;
  readonly sender?: WalkSettings;
}

function checkSources(lines: readonly string[], file: string | undefined): void {
  if (file !== undefined) {
    if (lines.length > 0) throw new ExplainUsageError('--file and lines exclude each other');
    return;
  }
  if (lines.length === 0) throw new ExplainUsageError('no lines; give some, - for standard input, or --file');
  if (lines.includes('-') && lines.length > 1) throw new ExplainUsageError('- and lines exclude each other');
}

async function choosePackets(
  lines: readonly string[],
  file: string | undefined,
  settings: WalkSettings,
  port: number,
  { stdin, stderr }: Pick<ExplainSurroundings, 'stdin' | 'stderr'>,
): Promise<AsyncIterable<Packet> | Iterable<Packet>> {
  if (file === undefined) {
    if (lines.includes('-')) return await streamedPackets(stdin, settings, port, stderr);
    return lines.map((line) => ({ bytes: bytesOf(line) }));
  }
  if (await new TrafficFile(file).isPipe())
    return await streamedPackets(createReadStream(file), settings, port, stderr);
  const input = new TrafficInput(file, { stderr, port });
  return (await input.isRecording())
    ? recordedPackets(input, settings)
    : completeLines(createReadStream(file));
}

/** What a stream begins with says what it is. */
async function streamedPackets(
  stream: AsyncIterable<Uint8Array>,
  settings: WalkSettings,
  port: number,
  stderr: ExplainSurroundings['stderr'],
): Promise<AsyncIterable<Packet>> {
  const { head, all } = await peekTraffic(stream);
  if (!isRecording(head)) return completeLines(all);
  return recordedPackets(new TrafficInput('-', { stdin: all, stderr, port }), settings);
}

/** The packets of a capture, each with its sender and the tags it had; --origin and --pid win over the file. */
async function* recordedPackets(input: TrafficInput, settings: WalkSettings): AsyncGenerator<Packet> {
  const tagger = await input.readSenders(settings.tagger);
  const isGiven = settings.sender.socket !== '' || settings.sender.pid !== 0;
  for await (const batch of input.batches()) {
    for (const { payload, pid } of batch) {
      const sender = isGiven ? settings.sender : tagger.senderOf(pid);
      yield { bytes: bytesOf(payload), sender: { ...settings, tagger, sender } };
    }
  }
}

function packetOptions(
  source: string | undefined,
  origin: string | undefined,
  pid: string | undefined,
): PacketOptions {
  if (source !== undefined && !SOURCES.includes(source))
    throw new ExplainUsageError(`--source is one of ${SOURCES.join(', ')}; it is "${source}"`);
  if (pid !== undefined && !/^\d{1,9}$/.test(pid))
    throw new ExplainUsageError(`--pid is a process id; it is "${pid}"`);
  return {
    ...(source !== undefined && { source: source as PacketSource }),
    ...(origin !== undefined && { origin }),
    ...(pid !== undefined && { pid: Number(pid) }),
  };
}

/** Cuts a stream after newlines: each packet is what arrived, up to its last newline; the rest comes last. */
async function* completeLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
  let rest = '';
  for await (const chunk of stream) {
    rest += bytesOf(chunk);
    const end = rest.length > LINE_BYTES_MAX ? rest.length : rest.lastIndexOf('\n') + 1;
    if (end === 0) continue;
    yield { bytes: rest.slice(0, end) };
    rest = rest.slice(end);
  }
  if (rest !== '') yield { bytes: rest };
}

function describeUnterminated(count: number): string {
  const what = count === 1 ? '1 last line is' : `${count} last lines are`;
  return `${what} dropped: no newline at the end, which dogstatsd_eol_required asks for`;
}
