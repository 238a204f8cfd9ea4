/**
 * A listener could not start. The message says which key to change; the codes are in docs/errors.md.
 */
export type ListenErrorCode =
  | 'ERR_LISTEN_HANDOVER'
  | 'ERR_LISTEN_IN_USE'
  | 'ERR_LISTEN_ADDRESS'
  | 'ERR_LISTEN_DENIED'
  | 'ERR_LISTEN_INHERITED'
  | 'ERR_LISTEN_SOCKET_PATH'
  | 'ERR_LISTEN_TLS'
  | 'ERR_LISTEN_UNSUPPORTED';

export class ListenError extends Error {
  readonly code: ListenErrorCode;

  constructor(code: ListenErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
    this.code = code;
  }
}

/** The `code` of a system error, or '' for anything else. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
