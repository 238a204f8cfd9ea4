/**
 * Headers by which the receiver of a webhook knows that a request is ours, and that it has seen it before.
 *
 *   X-Whippet-Signature-256: sha256=<HMAC-SHA-256 of the body with the secret, hex>
 *   X-Whippet-Delivery: <the same for each attempt at one request>
 */
import { createHash, createHmac } from 'node:crypto';
import { readFileNow } from '../../lib/files/plain-file.ts';
import type { Transaction } from '../retry-queue/transaction.ts';

const FILE_BYTES_MAX = 64 * 1024;
const ID_CHARS = 32;

export interface SecretSettings {
  /** Empty for none. */
  readonly secret: string;
  readonly secretFile: string;
}

/** Throws when the file with the secret cannot be read. */
export function readSecret({ secret, secretFile }: SecretSettings): string {
  return secretFile === ''
    ? secret
    : readFileNow(secretFile, { bytesMax: FILE_BYTES_MAX }).toString('utf8').trim();
}

export function webhookHeaders({ body, createdAt }: Transaction, secret: string): Record<string, string> {
  const id = createHash('sha256').update(String(createdAt)).update(body).digest('hex').slice(0, ID_CHARS);
  return {
    'content-type': 'application/json',
    'x-whippet-delivery': id,
    ...(secret !== '' && {
      'x-whippet-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    }),
  };
}
