/**
 * A text in chunks as a stream for a response, compressed on request.
 *
 * Rendering a chunk takes about a millisecond of the control thread. Between chunks the event loop runs,
 * so a large page delays nothing else; a reader that is slow holds back the rendering.
 */
import { pipeline, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';

/** Streams `chunks`. `gzip` compresses them, fast rather than well. */
export function streamPage(chunks: Iterable<string | Uint8Array>, gzip: boolean): Readable {
  const source = Readable.from(inTurns(chunks), { objectMode: false, highWaterMark: 64 * 1024 });
  if (!gzip) return source;
  const compressor = createGzip({ level: constants.Z_BEST_SPEED });
  // When the client goes away the compressor is destroyed, and with it the source.
  return pipeline(source, compressor, () => {});
}

async function* inTurns(chunks: Iterable<string | Uint8Array>): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    if (chunk.length > 0) yield Buffer.from(chunk as string);
    await nextTurn();
  }
}
