/**
 * A service check line to a service check message (docs/protocol.md#service-checks).
 *
 *   _sc|redis up|0|d:1656581400|h:web-1|#env:prod|m:all is well
 *   ^^^^^^^^^^^^ ^ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
 *   │   │        │ └ fields, in any order
 *   │   │        └ status: 0 ok, 1 warning, 2 critical, 3 unknown
 *   │   └ name: anything but a pipe
 *   └ four bytes; only the first three chose this parser, the fourth is not looked at
 *
 * A bad field is counted in `warnings` and leaves the check as it was. The message ends at the next
 * pipe and nothing in it is unescaped.
 */
import type {
  Rejection,
  ServiceCheckError,
  ServiceCheckMessage,
  ServiceCheckStatus,
} from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { fieldEnd, readSharedField } from './fields.ts';
import { parseInt64 } from './number.ts';
import type { ParseOptions } from './options.ts';
import { NO_EXTERNAL_DATA, NO_LOCAL_DATA } from './origin-fields.ts';

const NAME_START = '_sc|'.length;

/** How the fields begin that a check can have; anything else behind a message is a part of it, cut off at a bar. */
const FIELD_START = /^(?:[dhmce]:|#|card:)/;

const STATUSES: ReadonlyMap<ByteString, ServiceCheckStatus> = new Map([
  ['0', 0],
  ['1', 1],
  ['2', 2],
  ['3', 3],
]);

export function parseServiceCheck(line: ByteString, options: ParseOptions): ServiceCheckMessage | Rejection {
  const firstPipe = line.indexOf('|');
  if (firstPipe < 0 || line.indexOf('|', firstPipe + 1) < 0) return reject('format', line.length);
  // Of two pipes at most one is in the first four bytes, so another one ends the name.
  const nameEnd = line.indexOf('|', NAME_START);
  if (nameEnd === NAME_START) return reject('name', NAME_START);
  const statusEnd = fieldEnd(line, nameEnd + 1);
  const status = STATUSES.get(line.slice(nameEnd + 1, statusEnd));
  if (status === undefined) return reject('status', nameEnd + 1);

  const check: ServiceCheckMessage = {
    kind: 'service_check',
    name: line.slice(NAME_START, nameEnd),
    status,
    timestamp: 0,
    hostname: '',
    message: '',
    tags: [],
    localData: NO_LOCAL_DATA,
    externalData: NO_EXTERNAL_DATA,
    cardinality: '',
    warnings: 0,
  };
  let isSuspicious = false;
  for (let start = statusEnd + 1; start < line.length; ) {
    const end = fieldEnd(line, start);
    readField(check, line, start, end, options);
    isSuspicious ||= check.message !== '' && start < end && !FIELD_START.test(line.slice(start, start + 5));
    start = end + 1;
  }
  if (isSuspicious) options.observer?.suspicion?.('check_message');
  return check;
}

function readField(
  check: ServiceCheckMessage,
  line: ByteString,
  start: number,
  end: number,
  options: ParseOptions,
): void {
  const value = line.slice(start + 2, end);
  switch (line.slice(start, Math.min(start + 2, end))) {
    case 'd:': {
      const timestamp = parseInt64(value);
      if (timestamp === undefined) check.warnings++;
      else check.timestamp = timestamp;
      return;
    }
    case 'h:':
      check.hostname = value;
      return;
    case 'm:':
      check.message = value;
      return;
    default:
      readSharedField(check, line, start, end, options);
  }
}

function reject(error: ServiceCheckError, at: number): Rejection {
  return { kind: 'error', messageType: 'service_check', error, at };
}
