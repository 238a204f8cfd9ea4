/** Runs `whippet intake` until a signal: a fake intake, and a line on standard output for each payload. */
import { FAKE_INTAKE_PATHS } from '../../testing/fake-intake/admin-routes.ts';
import { type FakeIntake, startFakeIntake } from '../../testing/fake-intake/fake-intake.ts';
import type { Decoded } from '../../testing/fake-intake/intake-data.ts';
import type { StoredPayload } from '../../testing/fake-intake/payload-store.ts';

const MIB = 1024 * 1024;
/** Characters of an API key that are shown. */
const KEY_TAIL = 5;

export interface IntakeCommandOptions {
  readonly port: number;
  readonly host: string;
  /** Seconds. */
  readonly retention: number;
  readonly maxMib: number;
  readonly apiKey?: readonly string[];
  readonly limits: boolean;
  readonly show?: boolean;
}

type Print = (text: string) => void;

/** Resolves after SIGINT or SIGTERM. Rejects when it cannot listen. */
export async function intakeCommand(
  options: IntakeCommandOptions,
  print: Print = (text) => process.stdout.write(text),
): Promise<void> {
  const asked = nextSignal();
  const intake = await startFakeIntake({
    host: options.host,
    port: options.port,
    retentionMs: options.retention * 1000,
    bytesMax: options.maxMib * MIB,
    enforceLimits: options.limits,
    ...(options.apiKey && { apiKeys: options.apiKey }),
    log: {
      info: () => undefined,
      warn: (fields) => print(`refused  ${describeRefusal(fields)}\n`),
      error: () => undefined,
    },
    onPayload: (payload, decoded) => {
      print(`${describePayload(payload, decoded)}\n`);
      if (options.show === true) for (const item of decoded?.items ?? []) print(`${JSON.stringify(item)}\n`);
    },
  });
  print(describeStart(intake));
  await asked;
  await intake.close();
}

function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function describeStart({ url }: FakeIntake): string {
  return `the fake intake is listening

  url      ${url}
  send     DD_API_KEY=${'0'.repeat(32)} DD_DD_URL=${url} whippet
  look     ${url}${FAKE_INTAKE_PATHS.payloads}?endpoint=/api/v2/series&format=json

`;
}

// /api/v2/series      12 series      3.1 kB zstd  key …abcde
function describePayload({ path, body, contentEncoding, apiKey }: StoredPayload, decoded?: Decoded): string {
  const what = decoded === undefined ? '' : `${decoded.items.length} ${decoded.kind.replace('_', ' ')}`;
  const size = `${body.length} bytes ${contentEncoding || 'plain'}`;
  const key = apiKey === '' ? 'no key' : `key …${apiKey.slice(-KEY_TAIL)}`;
  return `${path.padEnd(20)} ${what.padEnd(16)} ${size.padEnd(22)} ${key}`;
}

function describeRefusal(fields: object): string {
  const { path, status, reason } = fields as Record<string, unknown>;
  return `${path}: ${status} ${reason}`;
}
