/** Certificates for tests, made by openssl when they are needed and gone with the folder. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  /** File of the authority that signed the others. */
  readonly caFile: string;
  readonly good: { readonly key: Buffer; readonly cert: Buffer };
  readonly expired: { readonly key: Buffer; readonly cert: Buffer };
}

/** Certificates for localhost and 127.0.0.1. */
export function makeCertificates(folder: string): Certificates {
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const [caFile, caKey] = [path('ca.pem'), path('ca.key')];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    caKey,
    '-out',
    caFile,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  openssl('req', ...newKey, '-keyout', path('key'), '-out', path('request'), '-subj', '/CN=localhost');
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  const sign = (name: string, days: string): { key: Buffer; cert: Buffer } => {
    const files = ['-in', path('request'), '-out', path(name), '-extfile', path('names')];
    openssl('x509', '-req', ...files, '-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', days);
    return { key: readFileSync(path('key')), cert: readFileSync(path(name)) };
  };
  return { caFile, good: sign('good.pem', '2'), expired: sign('expired.pem', '-1') };
}
