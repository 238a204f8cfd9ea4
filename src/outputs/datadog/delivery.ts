/**
 * Sends payloads to every Datadog intake that is configured, with every key: one transaction for each.
 *
 *   submit(payload) ─┬─▶ Endpoint app.datadoghq.com ─▶ key 1, key 2
 *                    └─▶ Endpoint app.datadoghq.eu  ─▶ key 3        each with its own queue, files, pool and breakers
 *
 * An endpoint that is slow or down costs the others nothing: they share the bytes of a payload and nothing else.
 * Thread   the control thread. submit() never waits and never throws.
 * Memory   for each domain: what is new, what is being sent, the retry queue; docs/architecture.md has the limits.
 */
import { join } from 'node:path';
import type { Log } from '../../lib/log.ts';
import { maskKey } from '../../lib/text/mask.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import type { Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { type BackoffSettings, validBackoff } from '../delivery/backoff.ts';
import { Endpoint } from '../delivery/endpoint.ts';
import type { EndpointStatus } from '../delivery/endpoint-status.ts';
import { endpointTotals } from '../delivery/endpoint-totals.ts';
import { HttpSender } from '../delivery/http-sender.ts';
import type { ProxySettings } from '../delivery/proxy-choice.ts';
import type { TlsSettings } from '../delivery/tls-options.ts';
import type { DeliveryReport } from '../output.ts';
import { LossCounts } from '../retry-queue/loss-counts.ts';
import { RetryQueue } from '../retry-queue/retry-queue.ts';
import { RetryStore } from '../retry-queue/retry-store.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { sweepUnknownFolders } from '../retry-queue/unknown-folders.ts';
import { datadogDeliveryMetrics } from './delivery-metrics.ts';
import { folderOf, type IntakeDomain, shownDomain } from './intake-domains.ts';
import { KeySet } from './key-set.ts';
import { type KeyState, KeyValidation } from './key-validation.ts';
import type { Payload, PayloadSink } from './payload.ts';
import { stopReport } from './stop-report.ts';

/** Time the disk has at a stop at least, ms. */
const DISK_MS_MIN = 1000;
/** Of the time of a stop: what is left for the disk, or without one for closing connections. */
const DISK_SHARE = 0.3;
const RESERVE = 0.05;

export interface DeliverySettings {
  readonly domains: readonly IntakeDomain[];
  /** Those of further Datadog outputs, whose files are to be left alone; `first` where the first output looks after files. */
  readonly others?: readonly IntakeDomain[] | 'first';
  readonly version: string;
  readonly timeoutMs: number;
  /** Requests under way at once, for each domain. */
  readonly requestsMax: number;
  readonly protocol: 'auto' | 'http1';
  readonly connectionResetMs: number;
  readonly highMax: number;
  readonly lowMax: number;
  readonly retryBytesMax: number;
  readonly spillRatio: number;
  /** Undefined keeps everything in memory. */
  readonly storage: StorageSettings | undefined;
  readonly backoff: BackoffSettings;
  readonly keyValidationMs: number;
  readonly stopTimeoutMs: number;
  readonly proxy: ProxySettings;
  readonly tls: TlsSettings;
  readonly allowArbitraryTags: boolean;
}

export interface StorageSettings {
  readonly path: string;
  readonly bytesMax: number;
  readonly diskRatioMax: number;
  readonly ageMaxMs: number;
}

export interface DeliverySurroundings {
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

export interface IntakeStatus extends EndpointStatus {
  /** The keys, masked, and what the intake says of them. */
  readonly keys: readonly { readonly key: string; readonly state: KeyState }[];
}

interface Intake {
  readonly domain: IntakeDomain;
  readonly keySet: KeySet;
  readonly endpoint: Endpoint;
  readonly sender: HttpSender;
  readonly validationSender: HttpSender;
  readonly store: RetryStore | undefined;
}

export class Delivery implements PayloadSink {
  private readonly settings: DeliverySettings;
  private readonly around: DeliverySurroundings;
  private readonly intakes: readonly Intake[];
  private readonly validation: KeyValidation;
  private started: Promise<void> = Promise.resolve();
  private isClosing = false;

  constructor(settings: DeliverySettings, around: DeliverySurroundings) {
    this.settings = settings;
    this.around = around;
    this.intakes = settings.domains.map((domain) => this.makeIntake(domain));
    this.validation = new KeyValidation({
      questions: this.intakes.flatMap(({ domain, validationSender }) =>
        domain.keys.map((key) => ({
          domain: domain.url,
          key,
          ask: async (path: string, timeoutMs: number) => {
            const headers = { 'user-agent': userAgent(settings.version) };
            const result = await validationSender.request('GET', path, headers, null, timeoutMs);
            return result.kind === 'answered' ? result.status : undefined;
          },
        })),
      ),
      intervalMs: settings.keyValidationMs,
      clock: around.clock,
      log: around.log,
    });
  }

  /** Takes over what an earlier process left on disk, and begins to send. */
  start(): Promise<void> {
    this.started = this.sendFromDisk();
    return this.started;
  }

  private async sendFromDisk(): Promise<void> {
    for (const domain of this.settings.domains) {
      const fields = { endpoint: shownDomain(domain), keys: domain.keys.map(maskKey) };
      this.around.log.info(fields, 'sending to Datadog');
    }
    for (const { endpoint, store } of this.intakes) {
      await store?.open();
      // It may have been closed meanwhile, and a timer would never end.
      if (this.isClosing) return;
      endpoint.start();
    }
    void this.validation.start();
    const { storage, domains, others } = this.settings;
    if (storage === undefined || others === 'first') return;
    const known = new Set([...domains, ...(others ?? [])].map(folderOf));
    void sweepUnknownFolders(join(storage.path, STORAGE_FOLDER), known, storage, this.around);
  }

  submit(payload: Payload): void {
    const { kind, route, headers, body, itemCount, pointCount } = payload;
    const createdAt = this.around.clock.now();
    for (const { keySet, endpoint } of this.intakes) {
      for (const destination of keySet.destinations) {
        endpoint.submit({
          kind,
          route,
          destination,
          priority: 'normal',
          createdAt,
          headers,
          body,
          itemCount,
          pointCount,
          errors: 0,
        });
      }
    }
  }

  /** Unhealthy when every key is known to be invalid, or retry files cannot be used. */
  health(): { readonly healthy: boolean; readonly detail?: string } {
    if (!this.validation.healthy)
      return { healthy: false, detail: 'no API key is valid; correct api_key or site' };
    const failing = this.intakes.flatMap(({ store }) => store?.status.failing ?? []);
    if (failing.length === 0) return { healthy: true };
    return { healthy: false, detail: `retry files cannot be used: ${failing[0]}` };
  }

  totals(): Totals[] {
    return this.status().map(endpointTotals);
  }

  status(): readonly IntakeStatus[] {
    return this.intakes.map(({ domain, keySet, endpoint }) => ({
      ...endpoint.status,
      keys: keySet.keys.map((key) => ({
        key: maskKey(key),
        state: this.validation.stateOf(domain.url, key),
      })),
    }));
  }

  metrics(): OwnMetric[] {
    return datadogDeliveryMetrics(this.intakes.map(({ endpoint }) => endpoint.status));
  }

  /**
   * Sends what waits until the deadline, then keeps the rest on disk or counts it as lost. Never rejects. With a disk it
   * sends for `stopTimeoutMs` at most, as nothing is lost by waiting for the next start.
   */
  async close(deadlineMs: number): Promise<DeliveryReport> {
    const { stopTimeoutMs, storage } = this.settings;
    const deadline = new Deadline(deadlineMs);
    const disk = new Deadline(Math.max(deadlineMs, DISK_MS_MIN));
    this.isClosing = true;
    this.validation.stop();
    await deadline.race(this.started);
    const shareMs = deadline.leftMs * (storage === undefined ? 1 - RESERVE : 1 - DISK_SHARE);
    const sendMs = stopTimeoutMs === 0 || storage !== undefined ? Math.min(stopTimeoutMs, shareMs) : shareMs;
    const sendUntil = deadline.within(sendMs);
    const left = await Promise.all(
      this.intakes.map(async ({ domain, endpoint, store }) => ({
        endpoint: shownDomain(domain),
        folder: store?.status.folder,
        ...(await endpoint.stop(sendUntil, disk)),
      })),
    );
    await disk.race(Promise.all(this.intakes.map(({ validationSender }) => validationSender.close())));
    const undelivered = this.status()
      .flatMap(({ losses }) => losses)
      .reduce((sum, { items }) => sum + items, 0);
    return stopReport(undelivered, left);
  }

  private makeIntake(domain: IntakeDomain): Intake {
    const { settings, around } = { settings: this.settings, around: this.around };
    const { clock, random, log } = around;
    const losses = new LossCounts();
    const keySet = new KeySet(domain.keys, domain.fileKey);
    /** The key of the last request for a transaction. */
    const usedKeys = new WeakMap<Transaction, string>();
    const store = settings.storage && this.makeStore(settings.storage, domain, losses);
    const http = {
      timeoutMs: settings.timeoutMs,
      connections: settings.requestsMax,
      protocol: settings.protocol,
      resetMs: settings.connectionResetMs,
      proxy: settings.proxy,
      tls: settings.tls,
      clock,
    };
    const sender = new HttpSender({
      ...http,
      base: domain.base,
      headers: (transaction) => {
        const key = keySet.find(transaction.destination);
        if (key !== undefined) usedKeys.set(transaction, key);
        return this.headersFor(key);
      },
    });
    const endpoint = new Endpoint({
      name: shownDomain(domain),
      sender,
      queue: new RetryQueue({
        bytesMax: settings.retryBytesMax,
        spillRatio: settings.spillRatio,
        clock,
        losses,
        store,
      }),
      losses,
      backoff: validBackoff(settings.backoff),
      requestsMax: settings.requestsMax,
      highMax: settings.highMax,
      lowMax: settings.lowMax,
      newBytesMax: settings.retryBytesMax,
      clock,
      random,
      log,
      isWanted: ({ destination }) => keySet.find(destination) !== undefined,
      onAnswer: (transaction, status) => this.learn(domain, keySet, usedKeys.get(transaction), status),
      // The key it was sent with has been replaced: the new one may do.
      mayChange: (transaction, status) =>
        status === 403 && keySet.find(transaction.destination) !== usedKeys.get(transaction),
    });
    const validationSender = new HttpSender({
      ...http,
      connections: 1,
      base: domain.validationBase,
      headers: () => undefined,
    });
    return { domain, keySet, endpoint, sender, validationSender, store };
  }

  private makeStore(
    { path, bytesMax, diskRatioMax, ageMaxMs }: StorageSettings,
    domain: IntakeDomain,
    losses: LossCounts,
  ): RetryStore {
    return new RetryStore({
      folder: join(path, STORAGE_FOLDER, folderOf(domain)),
      bytesMax,
      diskRatioMax,
      ageMaxMs,
      losses,
      ...this.around,
    });
  }

  private headersFor(key: string | undefined): Record<string, string> | undefined {
    if (key === undefined) return undefined;
    const { version, allowArbitraryTags } = this.settings;
    return {
      'dd-api-key': key,
      'dd-agent-version': version,
      'user-agent': userAgent(version),
      ...(allowArbitraryTags && { 'allow-arbitrary-tag-value': 'true' }),
    };
  }

  private renewKey(domain: IntakeDomain, keySet: KeySet, refused: string): void {
    const { clock, log } = this.around;
    const key = keySet.renew(refused, clock.now());
    if (key === undefined) return;
    this.validation.replace(domain.url, refused, key);
    const fields = { endpoint: shownDomain(domain), key: maskKey(key), before: maskKey(refused) };
    log.info(fields, 'the API key file contains a new key; switching to it');
  }

  private learn(domain: IntakeDomain, keySet: KeySet, key: string | undefined, status: number): void {
    if (key === undefined) return;
    if (status < 300) this.validation.learn(domain.url, key, 'valid');
    if (status !== 403) return;
    this.renewKey(domain, keySet, key);
    if (keySet.keys.includes(key)) this.validation.learn(domain.url, key, 'invalid');
  }
}

/** Below the storage path, so that an Agent that has the same one does not find our files, nor we its. */
const STORAGE_FOLDER = 'whippet';

function userAgent(version: string): string {
  return `datadog-agent/${version} (whippet)`;
}
