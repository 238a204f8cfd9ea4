/**
 * What the parsers need to know besides the bytes: two options of the configuration, and whom to tell
 * about oddities that do not reject a message.
 */

import type { Dialects, TagDialect } from '../model/dialect.ts';
import type { ByteString } from '../model/text.ts';
import type { Suspicion } from '../model/views/suspicion.ts';

export interface ParseOptions {
  /** Option `dogstatsd_no_aggregation_pipeline`: whether metrics may carry `T` timestamps. */
  readonly noAggregationPipeline: boolean;
  /** Option `dogstatsd_origin_detection_client`: whether `c:`, `e:` and `card:` are read. */
  readonly originDetectionClient: boolean;
  /** What is not DogStatsD and understood all the same; nothing when not given. */
  readonly dialects?: Dialects | undefined;
  readonly observer?: ParseObserver;
}

export interface ParseObserver {
  /** A field that means nothing to this server was ignored; `firstByte` is its first byte. */
  unknownField?(firstByte: ByteString): void;
  /** A field was ignored because an option turns it off; `field` is how it starts: `T`, `c:`, `e:`, `card:`. */
  disabledField?(field: ByteString): void;
  /** Part of a `c:` or `e:` field is malformed; the message and the field's other items are kept. */
  badOriginField?(item: ByteString): void;
  /** The name had tags in it. */
  nameTags?(dialect: TagDialect): void;
  /** A gauge with a sign changes the value by so much. */
  relativeGauge?(): void;
  /** An event or check that parses is most likely not what its sender meant. At most one of a kind for each message. */
  suspicion?(what: Suspicion): void;
}
