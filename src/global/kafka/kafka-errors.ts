/**
 * What is behind an error of the Kafka client, as a sentence with a remedy. The client says "metadata failed 3 times." and has the
 * reason some levels down, in lists and causes.
 *
 *   MultipleErrors ─▶ MultipleErrors ─▶ NetworkError ─▶ AuthenticationError ─▶ …      errorsIn(): all of them, outermost first
 *
 * Secrets  none are in these sentences: neither passwords nor keys, and the name of the user is in the configuration.
 */

/** Kafka cannot be reached, or does not let us in. */
export class KafkaAccessError extends Error {
  readonly code = 'ERR_GLOBAL_KAFKA_ACCESS';
}

interface Nested extends Error {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly errors?: readonly unknown[];
}

/** Beyond these nobody looks: a broker that is away makes hundreds of equal ones. */
const LOOKED_AT_MAX = 200;

const UNTRUSTED: ReadonlySet<unknown> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);
const ACCESS_ANSWERS: ReadonlySet<string> = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
]);
const CLOSED_IN_HANDSHAKE = /before secure TLS connection was established/;

type Rule = readonly [matches: (error: Nested) => boolean, sentence: (error: Nested) => string];

/** The first that fits one of the errors. */
const RULES: readonly Rule[] = [
  [
    ({ apiId }) => apiId === 'SASL_AUTHENTICATION_FAILED',
    () =>
      'the broker refused the login; check global.kafka.sasl_username, global.kafka.sasl_password and global.kafka.sasl_mechanism',
  ],
  [
    ({ apiId }) => apiId === 'UNSUPPORTED_SASL_MECHANISM',
    () =>
      'the broker does not offer this way to log in; set global.kafka.sasl_mechanism to one that the listener has',
  ],
  [
    ({ apiId }) => apiId === 'ILLEGAL_SASL_STATE',
    () =>
      'this listener takes no login; name one with SASL in global.kafka.brokers, or set global.kafka.sasl_mechanism to none',
  ],
  [
    ({ code }) => UNTRUSTED.has(code),
    ({ message }) =>
      `the certificate of the broker is not trusted (${message}); set global.kafka.tls_ca_file to the authority that signed it`,
  ],
  [
    ({ code }) => code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID',
    ({ message }) => `the certificate of the broker cannot be used (${message}); renew it, or set the clock`,
  ],
  [
    ({ code }) => /CERT_ALTNAME_INVALID$/.test(String(code)),
    ({ message }) =>
      `the certificate of the broker is for another name (${message}); use the name in global.kafka.brokers and in advertised.listeners of the broker`,
  ],
  [
    ({ code }) => /^ERR_SSL_.*ALERT_/.test(String(code)),
    ({ message }) =>
      `the broker refused the TLS connection (${message}); it may ask for a certificate: set global.kafka.tls_cert_file and global.kafka.tls_key_file`,
  ],
  [
    ({ code, message }) =>
      /SSL_WRONG_VERSION_NUMBER$/.test(String(code)) ||
      code === 'EPROTO' ||
      CLOSED_IN_HANDSHAKE.test(message),
    () =>
      'the broker does not answer with TLS; name a listener with TLS in global.kafka.brokers, or set global.kafka.tls to false',
  ],
  [
    ({ code }) =>
      typeof code === 'string' &&
      ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code),
    ({ message }) => `cannot connect to a broker: ${message}`,
  ],
  [
    ({ message }) => message === 'Connection closed',
    () =>
      'the broker closed the connection; unless it was stopped, it wants TLS (global.kafka.tls), a certificate of the client (global.kafka.tls_cert_file) or a login (global.kafka.sasl_mechanism)',
  ],
];

/** The error that says what is wrong with access to Kafka, if that is what this is about; else the error as it is. */
export function explainKafka(error: Error): Error {
  if (error instanceof KafkaAccessError) return error;
  const errors = errorsIn(error);
  // An answer of a broker is about something else, even when it was asked for in vain before.
  if (errors.some(({ apiId }) => typeof apiId === 'string' && !ACCESS_ANSWERS.has(apiId))) return error;
  for (const [matches, sentence] of RULES) {
    const found = errors.find(matches);
    if (found !== undefined) return new KafkaAccessError(`Kafka: ${sentence(found)}`, { cause: found });
  }
  return error;
}

function errorsIn(error: Error): Nested[] {
  const found: Nested[] = [error];
  for (let at = 0; at < found.length && found.length < LOOKED_AT_MAX; at++) {
    const { cause, errors = [] } = found[at] as Nested;
    for (const inner of [cause, ...errors])
      if (inner instanceof Error && !found.includes(inner)) found.push(inner);
  }
  return found;
}
