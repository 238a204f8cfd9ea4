/** Values that stand elsewhere: in a file of their own, or in a secret backend, which is not supported. */
import { readFileSync } from 'node:fs';
import { describeSource, type Findings, type Setting } from '../sources/setting.ts';

/** An Agent replaces `ENC[name]` by what its secret backend says. Those of API keys are refused where they are used. */
const HANDLE = /^\s*ENC\[.*\]\s*$/;
const CHECKED_ELSEWHERE = new Set(['api_key', 'additional_endpoints']);
/** Host names are short; a file that is longer holds something else. */
const HOSTNAME_MAX = 255;

/** Puts the content of `hostname_file` in the place of `hostname`, unless that is set. */
export function readHostnameFile(settings: Map<string, Setting>, findings: Findings): void {
  const file = settings.get('hostname_file');
  const named = settings.get('hostname')?.value;
  if (file === undefined || typeof file.value !== 'string' || file.value.trim() === '') return;
  if (named !== undefined && named !== '') return;
  const path = file.value.trim();
  try {
    const value = readFileSync(path, 'utf8').trim();
    if (value === '' || value.length > HOSTNAME_MAX || /\s/.test(value)) {
      const what = `the file ${path} of hostname_file (${describeSource(file.source)})`;
      findings.report('ERR_CONFIG_INVALID_VALUE', `${what} does not hold one host name`);
      return;
    }
    settings.set('hostname', { key: 'hostname', value, source: { kind: 'file', path } });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report('ERR_CONFIG_UNREADABLE', `the host name file ${path} cannot be read: ${reason}`, cause);
  }
}

/** Without this a handle would be delivered as if it were the value. */
export function refuseHandles(settings: ReadonlyMap<string, Setting>, findings: Findings): void {
  for (const { key, value, source } of settings.values()) {
    if (CHECKED_ELSEWHERE.has(key)) continue;
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    if (!texts.some((text) => typeof text === 'string' && HANDLE.test(text))) continue;
    findings.report(
      'ERR_CONFIG_INVALID_VALUE',
      `${key} (${describeSource(source)}) is a handle, ENC[...]: secret backends are not supported; write the value itself`,
    );
  }
}
