/**
 * What a server would ask over a socket or the network: those that know workloads (reach-workloads.ts), the intake for the key and
 * the time. Only what `online` allows leaves the machine. Every question has a deadline.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import { maskKey, maskUrl } from '../lib/text/mask.ts';
import { readVersion } from '../lib/version.ts';
import { failoverOf } from '../outputs/datadog/failover.ts';
import { listDomains } from '../outputs/datadog/intake-domains.ts';
import type { Finding } from './finding.ts';
import { finding } from './machine.ts';
import { checkWorkloads } from './reach-workloads.ts';

const DEADLINE_MS = 3000;
/** Datadog refuses points that are further from its time. */
const CLOCK_PAST_MS_MAX = 60 * 60_000;
const CLOCK_WARN_MS = 5000;
const SITES = /^([a-z]{2}\d\.)?datadoghq\.(com|eu)$|^ddog-gov\.com$/;
const KEY = /^[0-9a-f]{32}$/;

export interface ReachOptions {
  /** Whether the intake is asked. */
  readonly online: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export async function checkReach(config: Config, options: ReachOptions): Promise<Finding[]> {
  const [workloads, delivery] = await Promise.all([
    checkWorkloads(config, options.env),
    checkDelivery(config, options),
  ]);
  return [...workloads, ...delivery];
}

async function checkDelivery(config: Config, { online, now }: ReachOptions): Promise<Finding[]> {
  const first = listDomains(config, readVersion());
  const { withoutKeys } = first;
  const failover = failoverOf(config.multi_region_failover);
  const domains = [
    ...first.domains,
    ...config.outputs.datadog.additional.flatMap(({ site, ...one }) => {
      const place = { ...one, site: site === '' ? config.site : site, additional_endpoints: {} };
      // A key in a file is looked at when the server reads it.
      return one.api_key === '' ? [] : listDomains(place, readVersion()).domains;
    }),
    ...(failover === undefined
      ? []
      : listDomains({ ...failover.place, additional_endpoints: {} }, readVersion()).domains),
  ];
  if (domains.length === 0 && withoutKeys.length === 0) {
    return [
      finding('delivery', 'api_key', 'skipped', 'none: nothing is sent to Datadog'),
      clockWithoutIntake(),
    ];
  }
  const findings = withoutKeys.map((url) =>
    finding('delivery', maskUrl(url), 'fail', 'has no API key', 'set its key, or remove it'),
  );
  const { site, dd_url: ddUrl } = config;
  if (ddUrl === '') {
    findings.push(
      SITES.test(site)
        ? finding('delivery', 'site', 'ok', site)
        : finding(
            'delivery',
            'site',
            'warn',
            `${site} is none of the sites that are known`,
            'check its spelling',
          ),
    );
  }
  let clock: Finding | undefined;
  for (const { url, validationBase, keys } of domains) {
    for (const key of keys) {
      const subject = `${maskUrl(url)}, key ${maskKey(key)}`;
      if (!KEY.test(key)) {
        findings.push(
          finding(
            'delivery',
            subject,
            'warn',
            `the key is not 32 lower-case hexadecimal digits (it has ${key.length} characters)`,
            'copy the API key, not an application key, from the organisation settings',
          ),
        );
      }
      if (!online) {
        findings.push(
          finding('delivery', subject, 'skipped', 'not asked', 'whippet doctor --online asks the intake'),
        );
        continue;
      }
      const asked = await askIntake(validationBase, key);
      findings.push(describeAnswer(subject, asked));
      if (asked.dateMs !== undefined) clock ??= compareClocks(asked.dateMs, now());
    }
  }
  return [...findings, clock ?? clockWithoutIntake()];
}

interface Answer {
  readonly status?: number;
  readonly dateMs?: number;
  readonly problem?: string;
}

async function askIntake(base: string, key: string): Promise<Answer> {
  try {
    const response = await fetch(`${base}/api/v1/validate`, {
      headers: { 'DD-API-KEY': key },
      redirect: 'manual',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const date = Date.parse(response.headers.get('date') ?? '');
    await response.body?.cancel();
    return { status: response.status, ...(Number.isFinite(date) && { dateMs: date }) };
  } catch (error) {
    const { message, cause } = error as Error;
    return { problem: cause instanceof Error ? cause.message : message };
  }
}

function describeAnswer(subject: string, { status, problem }: Answer): Finding {
  if (status === 200) return finding('delivery', subject, 'ok', 'the intake knows the key');
  if (status === 403) {
    const fix = 'correct api_key, or site when the key is of another site';
    return finding('delivery', subject, 'fail', 'the intake refuses the key', fix);
  }
  if (status !== undefined) return finding('delivery', subject, 'warn', `the intake answered ${status}`);
  const fix = 'check the network, and proxy.https when there is a proxy (this check does not use it)';
  return finding('delivery', subject, 'fail', `the intake cannot be reached: ${problem ?? 'no answer'}`, fix);
}

function compareClocks(intakeMs: number, ownMs: number): Finding {
  const differenceMs = ownMs - intakeMs;
  const detail = `${(Math.abs(differenceMs) / 1000).toFixed(1)} s ${differenceMs < 0 ? 'behind' : 'ahead of'} the intake`;
  if (Math.abs(differenceMs) > CLOCK_PAST_MS_MAX) {
    return finding(
      'clock',
      'time',
      'fail',
      `${detail}: points are refused`,
      'turn on NTP: timedatectl set-ntp true',
    );
  }
  const status = Math.abs(differenceMs) > CLOCK_WARN_MS ? 'warn' : 'ok';
  return finding('clock', 'time', status, detail, ...(status === 'warn' ? ['timedatectl set-ntp true'] : []));
}

/** systemd-timesyncd leaves a file when it has set the clock. */
function clockWithoutIntake(): Finding {
  if (statSync('/run/systemd/timesync/synchronized', { throwIfNoEntry: false }) !== undefined) {
    return finding('clock', 'time', 'ok', 'set by systemd-timesyncd');
  }
  const source = readClockSource();
  return finding(
    'clock',
    'time',
    'skipped',
    `not compared${source}`,
    'whippet doctor --online compares it with the intake',
  );
}

function readClockSource(): string {
  try {
    const file = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
    return ` (clock source ${readFileSync(file, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
