/**
 * What a request to a receiver shows to be let in: headers with a password or token, from the configuration or from
 * files, which are read again when the receiver refuses what was in them.
 *
 * Secrets are in the headers of requests alone: never in logs, errors or retry files.
 */
import { readFileNow } from '../../lib/files/plain-file.ts';

const FILE_BYTES_MAX = 64 * 1024;

export interface CredentialSettings {
  /** Basic authentication; empty for none. */
  readonly username: string;
  readonly password: string;
  readonly passwordFile: string;
  /** What stands before the token; `Bearer` when not given. */
  readonly tokenScheme?: string;
  readonly bearerToken: string;
  readonly bearerTokenFile: string;
  /** Further headers, such as the tenant. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The same with the login that a URL has in it, unless there is another one. */
export function withLoginOf({ username, password }: URL, settings: CredentialSettings): CredentialSettings {
  if (username === '' || settings.username !== '') return settings;
  return { ...settings, username: decodeURIComponent(username), password: decodeURIComponent(password) };
}

export class Credentials {
  readonly #settings: CredentialSettings;
  #headers: Readonly<Record<string, string>> | undefined;
  /** Why a file could not be read; undefined when all could. */
  problem: string | undefined;

  constructor(settings: CredentialSettings) {
    this.#settings = settings;
  }

  /** Headers of a request; undefined while a file with a secret cannot be read. */
  get headers(): Readonly<Record<string, string>> | undefined {
    this.#headers ??= this.#read();
    return this.#headers;
  }

  /** The receiver refused them: files are read again before the next request. */
  renew(): void {
    const { passwordFile, bearerTokenFile } = this.#settings;
    if (passwordFile !== '' || bearerTokenFile !== '') this.#headers = undefined;
  }

  #read(): Record<string, string> | undefined {
    const { username, password, passwordFile, bearerToken, bearerTokenFile, headers } = this.#settings;
    const { tokenScheme = 'Bearer' } = this.#settings;
    try {
      this.problem = undefined;
      const token = bearerTokenFile === '' ? bearerToken : readSecret(bearerTokenFile);
      const secret = passwordFile === '' ? password : readSecret(passwordFile);
      const login = Buffer.from(`${username}:${secret}`).toString('base64');
      const authorization =
        token !== '' ? `${tokenScheme} ${token}` : username !== '' ? `Basic ${login}` : undefined;
      return { ...lowerCase(headers), ...(authorization !== undefined && { authorization }) };
    } catch (error) {
      this.problem = `a file with credentials cannot be read: ${(error as Error).message}`;
      return undefined;
    }
  }
}

function readSecret(path: string): string {
  return readFileNow(path, { bytesMax: FILE_BYTES_MAX }).toString('utf8').trim();
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
