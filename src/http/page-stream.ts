/**
 * A text in chunks as a stream for a response, compressed on request.
 *
 * Rendering a chunk takes about a millisecond of the control thread. Between chunks the event loop runs,
 * so a large page delays nothing else; a reader that is slow holds back the rendering.
 *
 *   gzip   by Node.js, on its pool of threads
 *   zstd   by Node.js from 22.15 on, on that pool as well; before, by lib/zstd, on the control thread, 128 KiB at a time
 */
import { pipeline, Readable, Transform } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { ZstdEncoder } from '../lib/zstd/zstd-encoder.ts';

export type PageEncoding = 'zstd' | 'gzip' | 'identity';

/** Not in the types of Node.js 20. */
const { createZstdCompress } = zlib as { createZstdCompress?: () => Transform };

/** What pages can be sent as; of those that a client likes equally, and of `*`, the first, which everyone can read. */
export const PAGE_ENCODINGS: readonly PageEncoding[] = ['gzip', 'zstd', 'identity'];

/** Streams `chunks`, compressed fast rather than well. */
export function streamPage(chunks: Iterable<string | Uint8Array>, encoding: PageEncoding): Readable {
  const source = Readable.from(inTurns(chunks), { objectMode: false, highWaterMark: 64 * 1024 });
  if (encoding === 'identity') return source;
  const compressor =
    encoding === 'gzip'
      ? zlib.createGzip({ level: zlib.constants.Z_BEST_SPEED })
      : (createZstdCompress?.() ?? ownZstd());
  // When the client goes away the compressor is destroyed, and with it the source.
  return pipeline(source, compressor, () => {});
}

async function* inTurns(chunks: Iterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk.length > 0) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    await nextTurn();
  }
}

function ownZstd(): Transform {
  const encoder = new ZstdEncoder();
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      done(null, encoder.push(chunk));
    },
    flush(done) {
      done(null, encoder.finish());
    },
  });
}
