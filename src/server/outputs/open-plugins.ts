/** Starts the outputs that are modules of the user's own. A path is all it takes; without one there is nothing. */
import { resolve } from 'node:path';
import type { PluginKeys } from '../../config/keys/outputs/plugin-keys.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { filtered } from '../../outputs/filtered.ts';
import type { Output } from '../../outputs/output.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { receiversOf } from './receiver-settings.ts';

/** Adds them one by one, so that those opened before one that fails are closed. */
export async function openPlugins(config: Config, log: Logger, outputs: Output[]): Promise<void> {
  const plugins = receiversOf<PluginKeys>('plugin', config.outputs.plugin, ({ path }) => path !== '');
  if (plugins.length === 0) return;
  const { PluginOutput } = await import('../../outputs/plugin/plugin-output.ts');
  for (const { name, keys } of plugins) {
    const output = await PluginOutput.open({
      name,
      path: resolve(keys.path),
      options: keys.options,
      timeoutMs: keys.timeout_seconds * 1000,
      memoryMib: keys.memory_mib,
      seriesMax: keys.queue_series,
      log,
      clock: systemClock,
      random: Math.random,
    });
    outputs.push(filtered(output, keys));
  }
}
