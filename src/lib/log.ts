/**
 * The log as parts see it: a short sentence plus fields. pino's loggers fit.
 */
export interface Log {
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}
