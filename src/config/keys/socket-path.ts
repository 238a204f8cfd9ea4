/**
 * Paths of Unix sockets, as people and as clients write them.
 *
 *   /run/dsd.sock
 *   unix:///run/dsd.sock         what client libraries are given; `unix:` may be either kind
 *   unixgram:///run/dsd.sock     a datagram socket
 *   unixstream:///run/dsd.sock   a stream socket
 *
 * The scheme of the other kind is refused, and so is one of a network. `\\\\.\\pipe\\name`, as clients on Windows write it, is `name`.
 */
import { z } from 'zod';
import { type KeyText, keyDocumentation } from './key-documentation.ts';
import { addReason, readPlainText, refuseQuotes } from './plain-text.ts';

export type SocketKind = 'datagram' | 'stream';

const SCHEME = /^([a-z][a-z0-9+.-]*):(?:\/\/)?/i;
const KIND_BY_SCHEME: Readonly<Record<string, SocketKind | 'either'>> = {
  unix: 'either',
  uds: 'either',
  unixgram: 'datagram',
  unixstream: 'stream',
};
const KEY_BY_KIND = { datagram: 'dogstatsd_socket', stream: 'dogstatsd_stream_socket' } as const;

export function socketPath(kind: SocketKind, documentation: KeyText) {
  return z
    .preprocess(
      (value) => readSocketPath(value, kind),
      z
        .string()
        .regex(/^[^\0]*$/)
        .superRefine((path, context) => {
          refuseQuotes(path, context);
          refuseScheme(path, kind, context);
        }),
    )
    .default('')
    .register(keyDocumentation, {
      ...documentation,
      type: 'text',
      allowed: `a path, or unix:// and a path`,
    });
}

function readSocketPath(value: unknown, kind: SocketKind): unknown {
  const text = readPlainText(value);
  if (typeof text !== 'string') return text;
  const pipe = /^[\\/]{2}[.?][\\/]pipe[\\/]/i.exec(text);
  if (pipe !== null) return text.slice(pipe[0].length);
  const scheme = SCHEME.exec(text);
  const meant = KIND_BY_SCHEME[scheme?.[1]?.toLowerCase() ?? ''];
  return meant === 'either' || meant === kind ? text.slice(scheme?.[0].length) : text;
}

/** A scheme that is left names something else than this socket. */
function refuseScheme(path: string, kind: SocketKind, context: z.core.$RefinementCtx<unknown>): void {
  const [, name = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(path) ?? [];
  if (name === '') return;
  const other = KIND_BY_SCHEME[name.toLowerCase()];
  if (other === 'datagram' || other === 'stream') {
    const what = `${name}:// is a ${other} socket and this is the path of a ${kind} socket`;
    addReason(context, `${what}; set ${KEY_BY_KIND[other]} to ${rest}`);
  } else {
    addReason(context, `${name}:// is no Unix socket; write the path alone`);
  }
}
