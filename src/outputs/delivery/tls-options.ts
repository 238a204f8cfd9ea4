/** What connections with TLS to a receiver are made with. */
import { rootCertificates, type SecureVersion } from 'node:tls';
import { readFileNow } from '../../lib/files/plain-file.ts';

export interface TlsSettings {
  /** Accepts any certificate. */
  readonly skipVerify: boolean;
  readonly minVersion: SecureVersion;
  /** File of certificates to trust beside the usual ones; empty is none. */
  readonly caFile: string;
  /** Files of the certificate, with those above it, and of the key that this side shows; empty shows none. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly minVersion: SecureVersion;
  readonly ca?: string[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Options for `node:tls`; the files are read now. Throws when one cannot be read. */
export function tlsOptions({ skipVerify, minVersion, caFile, certFile, keyFile }: TlsSettings): TlsOptions {
  return {
    rejectUnauthorized: !skipVerify,
    minVersion,
    // Node forgets its own certificates when it is given others.
    ...(caFile !== '' && { ca: [...rootCertificates, readFileNow(caFile).toString()] }),
    ...(certFile && { cert: readFileNow(certFile) }),
    ...(keyFile && { key: readFileNow(keyFile) }),
  };
}
