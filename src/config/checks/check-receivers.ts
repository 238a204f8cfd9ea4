/**
 * What no single key of an output with a URL can tell: keys that only make sense together, and files that have to be
 * readable. A section has the keys of one receiver, and those of others in `additional`.
 */
import { readFileNow } from '../../lib/files/plain-file.ts';
import type { Config } from '../schema.ts';
import type { Findings } from '../sources/setting.ts';

/** Sections of receivers over HTTP below `outputs`. */
const SECTIONS = ['remote_write', 'otlp', 'influxdb', 'webhook'] as const;
const TLS_FILES = ['ca_file', 'cert_file', 'key_file'] as const;
const FILES = [...TLS_FILES, 'password_file', 'bearer_token_file'] as const;

type Section = (typeof SECTIONS)[number];
type Receiver = Omit<Config['outputs'][Section], 'additional'>;

/** Whether any receiver is configured. */
export function checkReceivers(config: Config, findings: Findings): boolean {
  let hasAny = false;
  for (const name of SECTIONS) {
    const { additional, ...first } = config.outputs[name];
    const all: [place: string, receiver: Receiver][] = additional.map((receiver, index) => [
      `entry ${index + 1} of outputs.${name}.additional`,
      receiver,
    ]);
    for (const [place, { url }] of all) if (url === '') reportAt(findings, place, 'url is missing; add one');
    for (const [place, receiver] of [[`outputs.${name}`, first] as const, ...all]) {
      if (receiver.url === '') continue;
      hasAny = true;
      checkReceiver(place, receiver, findings);
    }
  }
  checkOtlp(config, findings);
  checkInfluxdb(config, findings);
  checkWebhook(config, findings);
  checkPlugins(config, findings);
  return checkGraphite(config, findings) || hasAny;
}

function checkOtlp({ outputs: { otlp } }: Config, findings: Findings): void {
  for (const { url, protocol } of [otlp, ...otlp.additional]) {
    if (protocol === 'grpc' && URL.canParse(url) && new URL(url).pathname !== '/')
      reportAt(findings, 'outputs.otlp', 'the url has a path, and gRPC has none; write http://HOST:PORT');
  }
}

function checkInfluxdb({ outputs: { influxdb } }: Config, findings: Findings): void {
  for (const { url, database, bucket } of [influxdb, ...influxdb.additional]) {
    if (url === '' || !URL.canParse(url)) continue;
    if (database !== '' && bucket !== '')
      reportAt(findings, 'outputs.influxdb', 'database and bucket are both set; keep one');
    if (database === '' && bucket === '' && new URL(url).pathname === '/')
      reportAt(findings, 'outputs.influxdb', 'set database (version 1) or bucket (version 2 and later)');
  }
}

function checkWebhook({ outputs: { webhook } }: Config, findings: Findings): void {
  for (const { url, secret, secret_file } of [webhook, ...webhook.additional]) {
    if (url === '') continue;
    if (secret !== '' && secret_file !== '')
      reportAt(findings, 'outputs.webhook', 'secret and secret_file are both set; keep one');
    checkReadable(secret_file, findings, 'outputs.webhook: secret_file');
  }
}

function checkPlugins({ outputs: { plugin } }: Config, findings: Findings): void {
  for (const { path } of [plugin, ...plugin.additional])
    checkReadable(path, findings, 'outputs.plugin: path');
  if (plugin.additional.some(({ path }) => path === ''))
    reportAt(findings, 'outputs.plugin.additional', 'path is missing in an entry; add one');
}

/** Whether there is a receiver. */
function checkGraphite({ outputs: { graphite } }: Config, findings: Findings): boolean {
  const { additional, ...first } = graphite;
  if (additional.some(({ url }) => url === ''))
    reportAt(findings, 'outputs.graphite.additional', 'url is missing in an entry; add one');
  const receivers = [first, ...additional].filter(({ url }) => url !== '');
  for (const receiver of receivers) {
    const report = (sentence: string): void => reportAt(findings, 'outputs.graphite', sentence);
    if (!URL.canParse(receiver.url)) report('url is not a valid address; write it as tcp://HOST:PORT');
    checkKeyPair(receiver, report);
    for (const key of TLS_FILES) checkReadable(receiver[key], findings, `outputs.graphite: ${key}`);
  }
  return receivers.length > 0;
}

function checkKeyPair(
  { cert_file, key_file }: { readonly cert_file: string; readonly key_file: string },
  report: (sentence: string) => void,
): void {
  if ((cert_file === '') !== (key_file === ''))
    report('cert_file and key_file belong together; set both or neither');
}

function checkReceiver(place: string, receiver: Receiver, findings: Findings): void {
  const report = (sentence: string): void => reportAt(findings, place, sentence);
  if (!URL.canParse(receiver.url)) report('url is not a valid URL; write it as http://HOST:PORT/PATH');
  checkKeyPair(receiver, report);
  if (receiver.username !== '' && (receiver.bearer_token !== '' || receiver.bearer_token_file !== ''))
    report('username and bearer_token are both set; keep one');
  if (receiver.password !== '' && receiver.password_file !== '')
    report('password and password_file are both set; keep one');
  if (receiver.bearer_token !== '' && receiver.bearer_token_file !== '')
    report('bearer_token and bearer_token_file are both set; keep one');
  for (const key of FILES) checkReadable(receiver[key], findings, `${place}: ${key}`);
}

/** `key` names the file for people. */
export function checkReadable(file: string, findings: Findings, key: string): void {
  if (file === '') return;
  try {
    // It is read again for new connections, so it has to stay what it is.
    readFileNow(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report('ERR_CONFIG_UNREADABLE', `${key} cannot be read: ${reason}`, cause);
  }
}

function reportAt(findings: Findings, place: string, sentence: string): void {
  findings.report('ERR_CONFIG_INVALID_VALUE', `${place}: ${sentence}`);
}
