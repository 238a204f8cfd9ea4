/** Runs `whippet doctor` and prints what it finds, a section each. */
import { ConfigError } from '../../config/config-error.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { examine, examineInvalid } from '../../doctor/doctor.ts';
import { type Finding, isProblem, SECTIONS, STATUSES } from '../../doctor/finding.ts';
import { escapeControls } from '../../lib/text/terminal-text.ts';
import type { CommandStreams } from '../config.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';
import { type ConfigOptions, loadFromOptions } from '../options.ts';

export interface DoctorCommandOptions extends ConfigOptions {
  readonly online?: boolean;
  readonly json?: boolean;
}

/** A configuration that is invalid is findings too, as far as there is a file; else throws ConfigError. */
export async function doctorCommand(
  file: string | undefined,
  options: DoctorCommandOptions,
  { stdout, stderr }: CommandStreams = process,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ExitCode> {
  const path = file ?? options.config;
  let loaded: LoadedConfig | undefined;
  let invalid: ConfigError | undefined;
  try {
    loaded = await loadFromOptions({ ...options, ...(path !== undefined && { config: path }) }, env);
  } catch (error) {
    if (!(error instanceof ConfigError) || path === undefined) throw error;
    invalid = error;
  }
  const findings =
    loaded === undefined
      ? examineInvalid(path ?? '', invalid?.problems ?? [])
      : await examine(loaded, {
          ...(path !== undefined && { file: path }),
          online: options.online === true,
          env,
          now: Date.now,
        });
  const warnings = loaded?.warnings ?? [];
  if (options.json === true) {
    stdout.write(`${JSON.stringify({ findings, warnings, summary: countStatuses(findings) }, null, 2)}\n`);
  } else {
    stdout.write(formatFindings(findings));
    // What is wrong with a key of the file is a finding already.
    const isFinding = (warning: string): boolean =>
      path !== undefined &&
      (warning.endsWith(`(file ${path})`) || warning.startsWith('not used by this version'));
    for (const warning of warnings) {
      if (!isFinding(warning)) stderr.write(`whippet: warning: ${warning}\n`);
    }
  }
  if (invalid !== undefined) return EXIT_CODES.usage;
  return findings.some(isProblem) ? EXIT_CODES.failure : EXIT_CODES.ok;
}

export function formatFindings(findings: readonly Finding[]): string {
  const parts = SECTIONS.map((section) => formatSection(section, findings)).filter((part) => part !== '');
  const counts = Object.entries(countStatuses(findings)).map(([status, count]) => `${count} ${status}`);
  return `${parts.join('\n')}\n${counts.join(', ')}\n`;
}

function formatSection(section: string, findings: readonly Finding[]): string {
  const own = findings.filter((finding) => finding.section === section);
  if (own.length === 0) return '';
  const width = Math.max(...own.map(({ subject }) => subject.length));
  const lines = own.flatMap(({ subject, status, detail, fix }) => [
    `  ${status.padEnd(7)}  ${escapeControls(subject).padEnd(width)}  ${escapeControls(detail)}`.trimEnd(),
    ...(fix === undefined ? [] : [`  ${' '.repeat(7 + width + 2)}  -> ${escapeControls(fix)}`]),
  ]);
  return `${section}\n${lines.join('\n')}\n`;
}

function countStatuses(findings: readonly Finding[]): Record<string, number> {
  const counts = STATUSES.map(
    (status) => [status, findings.filter((one) => one.status === status).length] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
