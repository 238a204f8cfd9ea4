/** What statuses of gRPC mean for a sender of OTLP. */

/** Names of the codes, for people. */
const NAMES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
export const GRPC = {
  ok: 0,
  unknown: 2,
  denied: 7,
  exhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const AGAIN: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);

export function nameOf(code: number): string {
  return NAMES[code] ?? `status ${code}`;
}

/** Whether to send again; a receiver that has run out of something has to say after how long. */
export function isRetryable(code: number, saysWhen: boolean): boolean {
  return AGAIN.has(code) || (code === GRPC.exhausted && saysWhen);
}

/** The status of an HTTP answer that has none of its own, as gRPC has it. */
export function statusOfHttp(http: number): number {
  switch (http) {
    case 400:
      return GRPC.internal;
    case 401:
      return GRPC.unauthenticated;
    case 403:
      return GRPC.denied;
    case 404:
      return GRPC.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GRPC.unavailable;
    default:
      return GRPC.unknown;
  }
}
