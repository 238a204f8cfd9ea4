/**
 * What a receiver of OTLP says, however it was asked.
 *
 *   ExportMetricsServiceResponse, ExportLogsServiceResponse { partial_success 1 { rejected 1, error_message 2 } }
 *   google.rpc.Status { code 1, message 2, details 3 { type_url 1, value 2 } }     RetryInfo { retry_delay 1 { seconds 1, nanos 2 } }
 *
 * Nothing here throws: what cannot be read says nothing.
 */
import { fieldsOf, textOf } from '../protobuf/proto-reader.ts';
import type { Transaction } from '../retry-queue/transaction.ts';

const ERROR_CHARS = 300;

/** One request and its answer. `status` is the one to count by: an HTTP status, `grpc_14`, `no_answer`. */
export type ExportAnswer =
  /** It was taken, but for what the response says. */
  | { readonly kind: 'taken'; readonly status: string; readonly partial: PartialSuccess }
  /** It has to be sent again. */
  | {
      readonly kind: 'later';
      readonly status: string;
      readonly fault: 'receiver' | 'configuration';
      readonly error: string;
      readonly waitMs: number;
    }
  /** It will never be taken as it is. */
  | {
      readonly kind: 'refused';
      readonly status: string;
      readonly error: string;
      readonly why: 'refused' | 'too_large' | 'unknown_service';
    }
  | { readonly kind: 'aborted' };

/** Takes one request to a receiver. Never rejects. */
export interface Exporter {
  export(transaction: Transaction): Promise<ExportAnswer>;
  close(): Promise<void>;
}

export interface PartialSuccess {
  readonly rejected: number;
  /** May be there although nothing was rejected: a warning. */
  readonly message: string;
  /** False when the body was something else than an answer of OTLP. */
  readonly isKnown: boolean;
}

const FULL_SUCCESS: PartialSuccess = { rejected: 0, message: '', isKnown: true };
const NONSENSE: PartialSuccess = { rejected: 0, message: '', isKnown: false };

export function partialSuccessOf(body: Uint8Array, contentType = ''): PartialSuccess {
  if (body.length === 0) return FULL_SUCCESS;
  if (contentType.includes('json')) return partialSuccessInJson(body);
  try {
    let [rejected, message] = [0, ''];
    for (const { number, wireType, bytes } of fieldsOf(body)) {
      if (number !== 1 || wireType !== 2) return NONSENSE;
      for (const part of fieldsOf(bytes)) {
        if (part.number === 1 && part.wireType === 0) rejected = part.value;
        else if (part.number === 2 && part.wireType === 2) message = textOf(part.bytes);
        else return NONSENSE;
      }
    }
    return { rejected, message: oneLine(message), isKnown: true };
  } catch {
    return NONSENSE;
  }
}

function partialSuccessInJson(body: Uint8Array): PartialSuccess {
  try {
    const { partialSuccess = {} } = JSON.parse(textOf(body)) as { partialSuccess?: Record<string, unknown> };
    const { rejectedDataPoints, rejectedLogRecords, errorMessage = '' } = partialSuccess;
    const rejected = Number(rejectedDataPoints ?? rejectedLogRecords ?? 0);
    const isKnown = Number.isSafeInteger(rejected) && rejected >= 0;
    return isKnown ? { rejected, message: oneLine(String(errorMessage)), isKnown } : NONSENSE;
  } catch {
    return NONSENSE;
  }
}

export interface RpcStatus {
  readonly message: string;
  /** How long the receiver asks to be left alone; undefined when it does not say. */
  readonly retryMs: number | undefined;
}

/** Undefined when the bytes are none. */
export function rpcStatusOf(bytes: Uint8Array): RpcStatus | undefined {
  try {
    let message = '';
    let retryMs: number | undefined;
    for (const { number, bytes: content } of fieldsOf(bytes)) {
      if (number === 2) message = textOf(content);
      if (number === 3) retryMs ??= retryOf(content);
    }
    return { message: oneLine(message), retryMs };
  } catch {
    return undefined;
  }
}

/** The text of an answer that is an error: of a Status, of JSON, or as it is. */
export function errorTextOf(body: Uint8Array, contentType = ''): string {
  if (contentType.includes('protobuf')) return rpcStatusOf(body)?.message ?? '';
  const text = textOf(body);
  if (contentType.includes('json')) {
    try {
      const { message } = JSON.parse(text) as { message?: unknown };
      if (typeof message === 'string') return oneLine(message);
    } catch {
      // Then the text has to do.
    }
  }
  return oneLine(text);
}

export function oneLine(text: string): string {
  // Whatever a terminal would act on goes, too.
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, ERROR_CHARS);
}

function retryOf(detail: Uint8Array): number | undefined {
  const fields = [...fieldsOf(detail)];
  const type = fields.find(({ number }) => number === 1);
  const value = fields.find(({ number }) => number === 2);
  if (type === undefined || value === undefined || !textOf(type.bytes).endsWith('/google.rpc.RetryInfo'))
    return undefined;
  const delay = [...fieldsOf(value.bytes)].find(({ number }) => number === 1);
  if (delay === undefined) return undefined;
  let ms = 0;
  for (const { number, value: amount } of fieldsOf(delay.bytes)) {
    if (number === 1) ms += amount * 1000;
    if (number === 2) ms += amount / 1e6;
  }
  return ms;
}
