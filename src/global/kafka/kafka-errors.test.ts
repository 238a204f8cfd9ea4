/** What is said of errors as the client makes them; test/kafka/security.kafka.ts has those of a real broker. */
import { expect, it } from 'vitest';
import { explainKafka, KafkaAccessError } from './kafka-errors.ts';

const nested = (inner: object, depth = 3): Error => {
  let error = Object.assign(new Error('inner'), inner);
  for (let i = 0; i < depth; i++)
    error =
      i % 2 === 0
        ? Object.assign(new Error('Connection to k:9092 failed.', { cause: error }), {})
        : Object.assign(new AggregateError([error], 'metadata failed 3 times.'), {});
  return error;
};

it.each([
  [{ apiId: 'SASL_AUTHENTICATION_FAILED' }, /refused the login; check global\.kafka\.sasl_username/],
  [{ apiId: 'UNSUPPORTED_SASL_MECHANISM' }, /set global\.kafka\.sasl_mechanism to one/],
  [{ apiId: 'ILLEGAL_SASL_STATE' }, /takes no login/],
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, /not trusted \(inner\); set global\.kafka\.tls_ca_file/],
  [{ code: 'CERT_HAS_EXPIRED' }, /cannot be used/],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, /for another name/],
  [{ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }, /tls_cert_file/],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, /does not answer with TLS/],
  [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED k:9092' }, /cannot connect .* k:9092$/],
  [{ message: 'Connection closed' }, /wants TLS/],
])('says what %j means', (inner, sentence) => {
  const error = explainKafka(nested(inner));
  expect(error).toBeInstanceOf(KafkaAccessError);
  expect(error.message).toMatch(sentence);
  expect(explainKafka(error)).toBe(error);
});

it('leaves answers about topics and partitions as they are, whatever came before them', () => {
  const answer = Object.assign(new Error('no such topic'), { apiId: 'UNKNOWN_TOPIC_OR_PARTITION' });
  const error = new AggregateError([new Error('Connection closed'), answer], 'metadata failed 2 times.');
  expect(explainKafka(error)).toBe(error);
  expect(explainKafka(answer)).toBe(answer);
});

it('ends with errors that are their own cause', () => {
  const error = new Error('odd');
  error.cause = error;
  expect(explainKafka(error)).toBe(error);
});
