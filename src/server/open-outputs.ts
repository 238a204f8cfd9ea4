/**
 * Opens the outputs that the configuration asks for. With none there is the console, and the Prometheus page
 * wherever there is HTTP. A new output is one more line here.
 */
import type { Config } from '../config/schema.ts';
import type { Context } from '../model/context.ts';
import { toByteString } from '../model/text.ts';
import { ConsoleOutput, type ConsoleStream } from '../outputs/console.ts';
import { FileOutput } from '../outputs/file.ts';
import type { Output } from '../outputs/output.ts';
import { PrometheusOutput } from '../outputs/prometheus/prometheus-output.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OwnMetric } from '../telemetry/metric.ts';
import { openForwarder } from './open-datadog.ts';
import { payloadSettings } from './payload-settings.ts';

/** What outputs may ask the server. */
export interface OutputSurroundings {
  readonly log: Logger;
  /** Where the console prints. */
  readonly stream: ConsoleStream;
  readonly context: (id: number) => Context;
  /** `expiry_seconds` of the rule for a context. */
  readonly expirySecondsOf: (id: number) => number | undefined;
  readonly ownMetrics: () => OwnMetric[];
  /** Samples received since the start. */
  readonly sampleCount: () => number;
}

/** Rejects with the error of the output that cannot be opened; those opened before are closed then. */
export async function openOutputs(config: Config, around: OutputSurroundings): Promise<Output[]> {
  const outputs: Output[] = [];
  try {
    if (config.outputs.file.path !== '') outputs.push(await openFile(config, around));
    const datadog = await openDatadog(config, around);
    if (datadog !== undefined) outputs.push(datadog);
    const wantsConsole = config.outputs.console === 'auto' ? outputs.length === 0 : config.outputs.console;
    if (wantsConsole) outputs.push(makeConsole(around));
    if (config.outputs.prometheus.enabled && config.http.port >= 0) {
      outputs.push(makePrometheus(config, around));
    }
  } catch (error) {
    await Promise.all(outputs.map((output) => output.close(0)));
    throw error;
  }
  return outputs;
}

function openFile(config: Config, { log }: OutputSurroundings): Promise<Output> {
  return FileOutput.open({ path: config.outputs.file.path, log });
}

/** undici and what encodes payloads are loaded by those who send to Datadog. */
async function openDatadog(config: Config, { log }: OutputSurroundings): Promise<Output | undefined> {
  const sink = await openForwarder(config, log);
  if (sink === undefined) return undefined;
  const { DatadogOutput } = await import('../outputs/datadog/datadog-output.ts');
  const hostname = toByteString(config.hostname);
  return new DatadogOutput({ hostname, settings: payloadSettings(config), sink, log });
}

function makeConsole({ log, stream, sampleCount }: OutputSurroundings): Output {
  return new ConsoleOutput({ stream, writeLine: (line) => log.info({}, line), samples: sampleCount });
}

function makePrometheus(
  config: Config,
  { context, expirySecondsOf, ownMetrics }: OutputSurroundings,
): Output {
  return new PrometheusOutput({
    hostname: toByteString(config.hostname),
    expirySeconds: config.outputs.prometheus.expiry_seconds,
    expirySecondsOf,
    lookup: context,
    ownMetrics,
  });
}
