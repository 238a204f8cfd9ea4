/**
 * What a server would ask over a socket or the network: Docker and the kubelet for workloads, the intake for the key and
 * the time. Only what `online` allows leaves the machine. Every question has a deadline.
 */
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Config } from '../config/schema.ts';
import { maskKey, maskUrl } from '../lib/text/mask.ts';
import { readVersion } from '../lib/version.ts';
import { listDomains } from '../outputs/datadog/intake-domains.ts';
import type { Finding } from './finding.ts';
import { finding } from './machine.ts';

const DEADLINE_MS = 3000;
const DOCKER_SOCKET = '/var/run/docker.sock';
const KUBELET_PORT = 10_250;
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
  const [docker, kubelet, delivery] = await Promise.all([
    checkDocker(),
    checkKubelet(options.env),
    checkDelivery(config, options),
  ]);
  return [docker, kubelet, ...delivery];
}

async function checkDocker(): Promise<Finding> {
  if (statSync(DOCKER_SOCKET, { throwIfNoEntry: false }) === undefined) {
    return finding('workloads', 'Docker', 'skipped', `there is no ${DOCKER_SOCKET}`);
  }
  const answer = await ping(DOCKER_SOCKET);
  if (answer === 200) return finding('workloads', 'Docker', 'ok', `answers at ${DOCKER_SOCKET}`);
  const fix = 'add the user to the group of the socket, or mount it into the container';
  return finding('workloads', 'Docker', 'warn', `${DOCKER_SOCKET}: ${answer}`, fix);
}

/** The status of the daemon's answer, or why there is none. */
function ping(socketPath: string): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: DEADLINE_MS }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 'no answer');
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
}

async function checkKubelet(env: ReachOptions['env']): Promise<Finding> {
  const host = env.DD_KUBERNETES_KUBELET_HOST ?? '';
  if (host === '') {
    const isPod = (env.KUBERNETES_SERVICE_HOST ?? '') !== '';
    return isPod
      ? finding(
          'workloads',
          'kubelet',
          'warn',
          'this is a pod and DD_KUBERNETES_KUBELET_HOST is not set',
          'set it from status.hostIP (downward API)',
        )
      : finding('workloads', 'kubelet', 'skipped', 'this is not a pod');
  }
  const problem = await dial(host, KUBELET_PORT);
  if (problem === undefined) return finding('workloads', 'kubelet', 'ok', `${host}:${KUBELET_PORT} answers`);
  return finding('workloads', 'kubelet', 'warn', `${host}:${KUBELET_PORT}: ${problem}`);
}

function dial(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: DEADLINE_MS });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.on('connect', () => end(undefined));
    socket.on('timeout', () => end('no answer in time'));
    socket.on('error', (error) => end(error.message));
  });
}

async function checkDelivery(config: Config, { online, now }: ReachOptions): Promise<Finding[]> {
  const first = listDomains(config, readVersion());
  const { withoutKeys } = first;
  const domains = [
    ...first.domains,
    ...config.outputs.datadog.additional.flatMap(({ site, ...one }) => {
      const place = { ...one, site: site === '' ? config.site : site, additional_endpoints: {} };
      // A key in a file is looked at when the server reads it.
      return one.api_key === '' ? [] : listDomains(place, readVersion()).domains;
    }),
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
