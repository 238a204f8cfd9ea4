/** What a server is started with. */
import type { ConfigView } from '../config/config-view-merge.ts';
import type { Config } from '../config/schema.ts';
import type { Workloads } from '../enrich/static-tagger.ts';
import type { ReloadAnswer } from '../http/api-source.ts';
import type { ConsoleStream } from '../outputs/console.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly workloads: Workloads;
  /** The configuration as people may see it. */
  readonly configView: ConfigView;
  readonly version: string;
  readonly log: Logger;
  /** Variables in which a supervisor hands over sockets and says where to report; they are taken out. */
  readonly env?: NodeJS.ProcessEnv;
  /** Loads the configuration again and hands it to reload(); for requests over HTTP. */
  readonly onReload: () => Promise<ReloadAnswer>;
  /** Where console and echo print. */
  readonly stream: ConsoleStream;
  /** Another server has taken this one's place: it is to be stopped. */
  readonly onReplaced: () => void;
  /** An intake thread died: the server cannot go on. */
  readonly onFatal: (error: Error) => void;
}
