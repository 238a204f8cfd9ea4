/** The certificates of test/fixtures/tls, which only tests use. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a file such as `ca.crt`, `server.crt` or `server.key`. */
export const tlsFixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/tls/test-only-${name}`, import.meta.url));

/** Its text. */
export const readTlsFixture = (name: string): string => readFileSync(tlsFixture(name), 'utf8');
