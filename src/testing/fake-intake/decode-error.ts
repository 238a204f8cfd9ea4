/** A payload that is not what its route, encoding or content type says. Its message is for the client. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code = 'ERR_INTAKE_PAYLOAD';
  /** The HTTP status that says so. */
  readonly status: 400 | 413 | 415;

  constructor(message: string, status: 400 | 413 | 415 = 400, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}
