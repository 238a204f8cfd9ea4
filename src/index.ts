/**
 * The package's public face: what `import … from 'whippet'` offers.
 *
 * The server itself is the command `whippet`; see docs/explain.md for `explain` and docs/simulate.md for
 * `simulate`.
 */
export { ConfigError, type ConfigErrorCode, type ConfigProblem } from './config/config-error.ts';
export type { Cardinality } from './enrich/cardinality.ts';
export type { LevelTags, Workloads } from './enrich/static-tagger.ts';
export type { Tagger } from './enrich/tagger.ts';
export type { Json, JsonObject } from './inspect/encode.ts';
export {
  type ExplainedMessage,
  type ExplainOptions,
  type Explanation,
  explain,
  type PacketOptions,
  type PacketSource,
} from './inspect/explain.ts';
export { type SimulateOptions, simulate } from './inspect/simulate.ts';
export type { EncodedNumber, Point, SimulatedSeries, SketchPoint } from './inspect/simulate-series.ts';
export { SimulateInputError, type TimedLine, type Timeline } from './inspect/simulate-timeline.ts';
