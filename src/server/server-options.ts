/** What a server is started with. */

import type { Config } from '../config/schema.ts';
import type { ConfigView } from '../config/views/config-view-merge.ts';
import type { Workloads } from '../enrich/tags/static-tagger.ts';
import type { ReloadAnswer } from '../http/api-source.ts';
import type { PartHealth } from '../http/health-report.ts';
import type { SpareThread } from '../listeners/thread/spare-thread.ts';
import type { ConsoleStream } from '../outputs/console/console.ts';
import type { Output } from '../outputs/output.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LoadAgain } from './live/config-diff.ts';

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
  /** Loads the configuration again and changes nothing; for people who want to know what a reload would do. */
  readonly loadAgain?: LoadAgain;
  /** Beside the outputs that the configuration asks for. */
  readonly ownOutputs?: readonly Output[];
  /** In a program that does other work too: the priority of its main thread is left alone. */
  readonly isEmbedded?: boolean;
  /** A listener thread that was started while the configuration was loaded; the server takes it or ends it. */
  readonly spare?: SpareThread;
  /** Where console and echo print. */
  readonly stream: ConsoleStream;
  /** How the files are that are watched while the server runs, as parts of its health. */
  readonly watched?: () => readonly PartHealth[];
  /** Another server has taken this one's place: it is to be stopped. */
  readonly onReplaced: () => void;
  /** A listener thread died: the server cannot go on. */
  readonly onFatal: (error: Error) => void;
}
