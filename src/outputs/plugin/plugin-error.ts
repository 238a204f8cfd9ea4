/** The module of a plugin cannot be used: what is wrong, and what to do. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  readonly code = 'ERR_PLUGIN_LOAD';

  constructor(path: string, reason: string) {
    super(`the plugin ${path} cannot be used: ${reason}; correct it, or remove outputs.plugin.path`);
  }
}
