/**
 * Undoes `Content-Encoding`: zstd, deflate (zlib format, and the raw one some clients send), gzip, identity.
 *
 * Limits  `bytesMax` of result. A body that would become larger is refused while it is being unpacked, so a small
 *         body never fills the memory. A zstd frame that asks for a larger window than that, or than WINDOW_BYTES_MIN, is
 *         refused before. What is unpacked by JavaScript lets others have their turn.
 * zstd    by the runtime where it has it (Node 22.15), else by fzstd, which is JavaScript.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { DecodeError } from './decode-error.ts';
import { walkFrames } from './zstd-frames.ts';

type Unpack = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Unpack = promisify(zlib.gunzip);
const inflate: Unpack = promisify(zlib.inflate);
const inflateRaw: Unpack = promisify(zlib.inflateRaw);
/** How much fzstd is given at a time, so that the limit is looked at in between. */
const ZSTD_STEP_BYTES = 16 * 1024;
/** What every decoder of zstd has to be able to take (RFC 8878 §3.1.1.1.2). */
const WINDOW_BYTES_MIN = 8 * 1024 * 1024;
const TURN_MS = 10;

/** Resolves with the body as it was before compression. Rejects with DecodeError. */
export async function decompress(body: Uint8Array, encoding: string, bytesMax: number): Promise<Uint8Array> {
  const encodings = encoding
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '' && part !== 'identity');
  if (encodings.length > 1) throw new DecodeError(`several content encodings: ${encoding}`, 415);
  const [one = 'identity'] = encodings;
  try {
    return await unpack(body, one, bytesMax);
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    if (isTooLarge(error)) throw tooLarge(bytesMax);
    const why = error instanceof Error ? error.message : String(error);
    throw new DecodeError(`the body is not valid ${one}: ${why}`, 400, error);
  }
}

async function unpack(body: Uint8Array, encoding: string, bytesMax: number): Promise<Uint8Array> {
  const options = { maxOutputLength: bytesMax };
  switch (encoding) {
    case 'identity':
      if (body.length > bytesMax) throw tooLarge(bytesMax);
      return body;
    case 'gzip':
    case 'x-gzip':
      return gunzip(body, options);
    case 'deflate':
      return isZlib(body) ? inflate(body, options) : inflateRaw(body, options);
    case 'zstd':
      return unpackZstd(body, bytesMax);
    default:
      throw new DecodeError(
        `unknown content encoding "${encoding}"; zstd, deflate, gzip and identity are known`,
        415,
      );
  }
}

async function unpackZstd(body: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const { window, bodies } = walkFrames(body);
  if (window > Math.max(bytesMax, WINDOW_BYTES_MIN))
    throw new DecodeError(`the zstd frame asks for a window of ${window} bytes, which is too large`, 413);
  if ('zstdDecompress' in zlib) {
    const native = promisify(zlib.zstdDecompress as typeof zlib.gunzip) as Unpack;
    return unpackFrames(bodies, native, bytesMax);
  }
  const { Decompress } = await import('fzstd');
  const parts: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  const stream = new Decompress((part, final) => {
    length += part.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    parts.push(part);
    ended ||= final === true;
  });
  let turn = performance.now();
  for (let at = 0; at < body.length; at += ZSTD_STEP_BYTES) {
    stream.push(body.subarray(at, at + ZSTD_STEP_BYTES), at + ZSTD_STEP_BYTES >= body.length);
    if (performance.now() - turn < TURN_MS) continue;
    await nextTurn();
    turn = performance.now();
  }
  if (!ended) throw new DecodeError('the body is not valid zstd: it ends too early');
  return Buffer.concat(parts);
}

/** Each frame by itself: the runtime stops after the first one. */
async function unpackFrames(
  frames: readonly Uint8Array[],
  native: Unpack,
  bytesMax: number,
): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for (const frame of frames) {
    const part = await native(frame, { maxOutputLength: Math.max(bytesMax - length, 1) });
    length += part.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    parts.push(part);
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

// 78 9c   the low four bits of the first byte say deflate, and the two bytes divide by 31 (RFC 1950 §2.2)
function isZlib(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function tooLarge(bytesMax: number): DecodeError {
  return new DecodeError(`the body is larger than ${bytesMax} bytes when unpacked`, 413);
}
