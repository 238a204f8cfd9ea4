/**
 * Opens the outputs that the configuration asks for. With none there is the console, and the Prometheus page
 * wherever there is HTTP. A new output is one more line here.
 */
import type { FileKeys } from '../../config/keys/outputs/file-keys.ts';
import type { Config } from '../../config/schema.ts';
import type { Context } from '../../model/context.ts';
import { toByteString } from '../../model/text.ts';
import { ConsoleOutput, type ConsoleStream } from '../../outputs/console/console.ts';
import { CumulativeTable } from '../../outputs/cumulative/cumulative-table.ts';
import { FileOutput } from '../../outputs/file.ts';
import { filtered, passesFilter } from '../../outputs/filtered.ts';
import type { Output } from '../../outputs/output.ts';
import { type ExposureRuleOf, Exposures } from '../../outputs/prometheus/exposure.ts';
import { PrometheusOutput } from '../../outputs/prometheus/prometheus-output.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { exposureSettings } from './exposure-settings.ts';
import { openDeliveries } from './open-datadog.ts';
import { openGraphite, openInfluxdb } from './open-lines.ts';
import { openOtlp } from './open-otlp.ts';
import { openPlugins } from './open-plugins.ts';
import { openRemoteWrite } from './open-remote-write.ts';
import { openWebhooks } from './open-webhook.ts';
import { payloadSettings } from './payload-settings.ts';
import { receiversOf } from './receiver-settings.ts';

/** What outputs may ask the server. */
export interface OutputSurroundings {
  /** Those of a program that embeds the server; closed with the others when one cannot be opened. */
  readonly own: readonly Output[];
  readonly log: Logger;
  /** Where the console prints. */
  readonly stream: ConsoleStream;
  readonly context: (id: number) => Context;
  /** What the rule for a context says of how Prometheus sees it. */
  readonly exposureOf: ExposureRuleOf;
  readonly ownMetrics: () => OwnMetric[];
  /** Where to see more than the console's table shows. */
  readonly seeAll: string;
  /** Samples received since the start. */
  readonly sampleCount: () => number;
}

/** Rejects with the error of the output that cannot be opened; those opened before are closed then. */
export async function openOutputs(config: Config, around: OutputSurroundings): Promise<Output[]> {
  const outputs: Output[] = [...around.own];
  try {
    await openFiles(config, around, outputs);
    outputs.push(...(await openDatadog(config, around)));
    outputs.push(...(await openRemoteWrite(config, around)));
    outputs.push(...(await openOtlp(config, around)));
    outputs.push(...(await openGraphite(config, around.log)));
    outputs.push(...(await openInfluxdb(config, around.log)));
    outputs.push(...(await openWebhooks(config, around.log)));
    await openPlugins(config, around.log, outputs);
    const wantsConsole = config.outputs.console === 'auto' ? outputs.length === 0 : config.outputs.console;
    if (wantsConsole) outputs.push(filtered(makeConsole(around), config.outputs.console_filter));
    if (config.outputs.prometheus.enabled && config.http.port >= 0) {
      outputs.push(filtered(makePrometheus(config, around), config.outputs.prometheus));
    }
  } catch (error) {
    await Promise.all(outputs.map((output) => output.close(0)));
    throw error;
  }
  return outputs;
}

/** One output for each file; adds them one by one, so that those opened before one that fails are closed. */
async function openFiles(config: Config, { log }: OutputSurroundings, outputs: Output[]): Promise<void> {
  const files = receiversOf<FileKeys>('file', config.outputs.file, ({ path }) => path !== '');
  for (const { name, keys } of files)
    outputs.push(filtered(await FileOutput.open({ name, path: keys.path, log }), keys));
}

/** undici and what encodes payloads are loaded by those who send to Datadog. */
async function openDatadog(config: Config, { log }: OutputSurroundings): Promise<Output[]> {
  const deliveries = await openDeliveries(config, log);
  if (deliveries.length === 0) return [];
  const { DatadogOutput } = await import('../../outputs/datadog/datadog-output.ts');
  const hostname = toByteString(config.hostname);
  return deliveries.map(({ name, sink, filter, series, kinds }) => {
    const settings = payloadSettings(config, series, kinds);
    const options = { ...(name !== 'datadog' && { name }), hostname, settings, sink, log };
    return filtered(new DatadogOutput(options), filter);
  });
}

function makeConsole({ log, stream, sampleCount, seeAll }: OutputSurroundings): Output {
  return new ConsoleOutput({ stream, writeLine: (line) => log.info({}, line), samples: sampleCount, seeAll });
}

function makePrometheus(
  config: Config,
  { context, exposureOf, ownMetrics, log }: OutputSurroundings,
): Output {
  const {
    expiry_seconds: expirySeconds,
    distributions,
    openmetrics,
    own_metrics,
  } = config.outputs.prometheus;
  const exposures = new Exposures(exposureSettings(config), exposureOf);
  const filter = config.outputs.prometheus;
  const isWanted = (one: Context) => passesFilter(filter, one);
  const needsBinsOf = (id: number, one = context(id)) => isWanted(one) && exposures.needsBins(one);
  return new PrometheusOutput({
    hostname: toByteString(config.hostname),
    cumulative: new CumulativeTable({ expirySeconds, keepsBins: true, needsBinsOf }),
    lookup: context,
    isWanted,
    exposures,
    openmetrics,
    protobuf: distributions === 'native',
    showsOwn: own_metrics === 'together',
    log,
    ownMetrics,
  });
}
