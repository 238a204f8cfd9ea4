/** The configuration in force: that of the start, with what reloads have changed of it. */
import type { Config } from '../config/schema.ts';
import { type ConfigView, mergeViews } from '../config/views/config-view-merge.ts';
import type { Workloads } from '../enrich/tags/static-tagger.ts';
import { compareLoaded, type ReloadReport, withReloaded } from './reloadable.ts';

/** A configuration as it was loaded. */
export interface LoadedConfig {
  readonly config: Config;
  readonly workloads: Workloads;
  /** The configuration as people may see it. */
  readonly view: ConfigView;
}

export class CurrentConfig implements LoadedConfig {
  /** How often threads seal, from start to stop; new rules have to fit. */
  private readonly tickSeconds: number;
  private loaded: LoadedConfig;

  constructor(loaded: LoadedConfig, tickSeconds: number) {
    this.loaded = loaded;
    this.tickSeconds = tickSeconds;
  }

  get config(): Config {
    return this.loaded.config;
  }

  get workloads(): Workloads {
    return this.loaded.workloads;
  }

  get view(): ConfigView {
    return this.loaded.view;
  }

  /** Takes what a running server can take of another configuration, and says what that changed. */
  update(next: LoadedConfig): ReloadReport & { readonly difference: readonly string[] } {
    const { config, workloads, view } = this.loaded;
    const report = compareLoaded(this.loaded, next, this.tickSeconds);
    const isChanged = report.changed.length > 0;
    this.loaded = {
      config: isChanged ? withReloaded(config, next.config, this.tickSeconds) : config,
      workloads: isChanged ? next.workloads : workloads,
      view: mergeViews(view, next.view, report.changed),
    };
    return report;
  }
}
