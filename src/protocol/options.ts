/**
 * What the parsers need to know besides the bytes: two options of the configuration, and whom to tell
 * about oddities that do not reject a message.
 */
import type { ByteString } from '../model/text.ts';

export interface ParseOptions {
  /** Option `dogstatsd_no_aggregation_pipeline`: whether metrics may carry `T` timestamps. */
  readonly noAggregationPipeline: boolean;
  /** Option `dogstatsd_origin_detection_client`: whether `c:`, `e:` and `card:` are read. */
  readonly originDetectionClient: boolean;
  readonly observer?: ParseObserver;
}

export interface ParseObserver {
  /** A field that means nothing to this server was ignored; `firstByte` is its first byte. */
  unknownField?(firstByte: ByteString): void;
  /** A field was ignored because an option turns it off; `field` is how it starts: `T`, `c:`, `e:`, `card:`. */
  disabledField?(field: ByteString): void;
  /** Part of a `c:` or `e:` field is malformed; the message and the field's other items are kept. */
  badOriginField?(item: ByteString): void;
}
