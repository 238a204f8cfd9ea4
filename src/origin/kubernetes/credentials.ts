/**
 * What is shown to the kubelet and to the API server: the token of the service account, read again every minute because the
 * cluster changes it, and a certificate where one is configured.
 */
import { readFile } from 'node:fs/promises';
import type { Target } from '../http/ask.ts';

const TOKEN_MS = 60_000;

export interface CredentialFiles {
  readonly verifyTls: boolean;
  /** Files; empty for none. */
  readonly caPath: string;
  readonly tokenPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

export class Credentials {
  private readonly files: CredentialFiles;
  #token: { readonly text: string; readonly at: number } | undefined;

  constructor(files: CredentialFiles) {
    this.files = files;
  }

  /** Reads the token anew the next time. */
  forget(): void {
    this.#token = undefined;
  }

  async target(url: string): Promise<Target> {
    const { verifyTls, caPath, certPath, keyPath } = this.files;
    const token = await this.readToken();
    const [ca, cert, key] = await Promise.all([caPath, certPath, keyPath].map(readText));
    return {
      url,
      ...(token !== '' && { headers: { authorization: `Bearer ${token}` } }),
      tls: {
        verify: verifyTls,
        ...(ca !== '' && { ca }),
        ...(cert !== '' && { cert }),
        ...(key !== '' && { key }),
      },
    };
  }

  private async readToken(): Promise<string> {
    const now = this.files.clock();
    if (this.#token === undefined || this.#token.text === '' || now - this.#token.at >= TOKEN_MS)
      this.#token = { text: (await readText(this.files.tokenPath)).trim(), at: now };
    return this.#token.text;
  }
}

/** Empty when there is no such file: the other side then says what it misses. */
async function readText(path: string | undefined): Promise<string> {
  if (path === undefined || path === '') return '';
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
