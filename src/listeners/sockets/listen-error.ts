/**
 * A listener could not start. The message says which key to change; the codes are in docs/errors.md.
 */
export type ListenErrorCode =
  | 'ERR_LISTEN_HOT_RESTART'
  | 'ERR_LISTEN_IN_USE'
  | 'ERR_LISTEN_ADDRESS'
  | 'ERR_LISTEN_DENIED'
  | 'ERR_LISTEN_INHERITED'
  | 'ERR_LISTEN_LIMIT'
  | 'ERR_LISTEN_NONE'
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

/** What it means that the process has no descriptor left; undefined for any other failure. */
export function limitError(cause: unknown, place: string): ListenError | undefined {
  const code = codeOf(cause);
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
  const whose = code === 'EMFILE' ? 'this process (ulimit -n, LimitNOFILE=)' : 'the system (fs.file-max)';
  return new ListenError(
    'ERR_LISTEN_LIMIT',
    `cannot open ${place}: the limit of open files of ${whose} is reached; raise it`,
    cause,
  );
}

/** The words of the system, for a message that explains them. */
export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The `code` of a system error, or '' for anything else. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
