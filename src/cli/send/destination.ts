/** Where `whippet send` and `whippet replay` send to: an address of any kind, as text and back. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Destination, formatDestination, parseDestination } from '../../listeners/system/send-batch.ts';
import { SendUsageError } from './send-lines.ts';
import { formatStreamDestination, parseStreamDestination, type StreamDestination } from './send-stream.ts';

/** The longest packet that each kind carries, bytes. */
export const DATAGRAM_BYTES_MAX = { udp: 65_507, unix: 200_000, unixstream: 65_536, tcp: 65_535 } as const;

export type AnyDestination = Destination | StreamDestination;

/** What --to says, or the variables DogStatsD clients read, or this machine. Throws SendUsageError. */
export function chooseDestination(
  to: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): AnyDestination {
  const url = to ?? (env.DD_DOGSTATSD_URL || undefined);
  if (url === undefined) {
    const host = env.DD_AGENT_HOST || '127.0.0.1';
    const port = env.DD_DOGSTATSD_PORT || '8125';
    return parse(
      `udp://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      'DD_AGENT_HOST, DD_DOGSTATSD_PORT',
    );
  }
  return parse(url, to === undefined ? 'DD_DOGSTATSD_URL' : '--to');
}

function parse(text: string, source: string): AnyDestination {
  try {
    return parseStreamDestination(text) ?? parseDestination(text);
  } catch (error) {
    throw new SendUsageError(`${source}: ${(error as Error).message}`);
  }
}

export function format(destination: AnyDestination): string {
  return destination.kind === 'udp' || destination.kind === 'unix'
    ? formatDestination(destination)
    : formatStreamDestination(destination);
}

export async function resolveHost(destination: AnyDestination): Promise<AnyDestination> {
  if ('path' in destination || isIP(destination.host) !== 0) return destination;
  const { address } = await lookup(destination.host);
  return { ...destination, host: address };
}
