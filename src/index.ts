/**
 * The package's public face: what `import … from 'whippet'` offers.
 *
 * `startServer` is docs/embedding.md, `explain` docs/explain.md, `simulate` docs/simulate.md.
 */
export { ConfigError, type ConfigErrorCode, type ConfigProblem } from './config/config-error.ts';
export type { ConfigValues } from './config/config-values.ts';
export type { Cardinality } from './enrich/tags/cardinality.ts';
export type { LevelTags, Workloads } from './enrich/tags/static-tagger.ts';
export type { Tagger } from './enrich/tags/tagger.ts';
export type { Json, JsonObject } from './inspect/encode.ts';
export {
  type ExplainedMessage,
  type ExplainOptions,
  type Explanation,
  explain,
  type PacketOptions,
  type PacketSource,
} from './inspect/explain/explain.ts';
export { type SimulateConfig, type SimulateOptions, simulate } from './inspect/simulate/simulate.ts';
export type {
  EncodedNumber,
  Point,
  SimulatedSeries,
  SketchPoint,
} from './inspect/simulate/simulate-series.ts';
export { SimulateInputError, type TimedLine, type Timeline } from './inspect/simulate/simulate-timeline.ts';
export type {
  Flush,
  FlushedEvent,
  FlushedSeries,
  FlushedServiceCheck,
  FlushedSketch,
  FlushWriter,
} from './outputs/flushed.ts';
export type { OwnOutput } from './server/embed/own-output.ts';
export {
  type EmbeddedServer,
  type LogEntry,
  type ServerAddress,
  type ServerMessage,
  type StartServerOptions,
  startServer,
} from './server/embed/start-server.ts';
export type { ReloadReport } from './server/reloadable.ts';
export type { DeliveryReport } from './telemetry/ledger/delivery-report.ts';
export type { Totals } from './telemetry/ledger/ledger.ts';
export type { Loss } from './telemetry/ledger/new-losses.ts';
