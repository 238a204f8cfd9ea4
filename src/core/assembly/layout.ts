/**
 * Layout of the memory a shard shares with the control thread: the constants both sides of the border
 * read. Plain numbers, so that AssemblyScript and TypeScript can import the same file; the core checks
 * at start that its structs agree.
 *
 * Bucket, 48 bytes: where the parts of one bucket are; its key table likewise.
 *
 *   0      8      12         16       20            24           28                …  40
 *   │start │cells │(capacity)│touched │touchedCount │timestamped │timestampedCount │… │keys ─▶ │entries │mask │… │16: epoch │
 *
 * Cell, 64 bytes, one a slot in each bucket: what one context gathered.
 *
 *   0    8            16   24   32     40      48     52    56             60
 *   │sum │weightedSum │min │max │count │lastAt │stamp │keys │(summarized) │samples │
 *
 * Key entry, 24 bytes: one weight under (slot, kind, key).
 *
 *   0     4                     8    16
 *   │slot │ epoch << 2 | kind  │key │weight │
 *
 * Timestamped record, 32 bytes:  │slot u32 │(spare) │timestamp f64 │value f64 │weight f64 │
 */

export const BUCKET_BYTES = 48;
export const BUCKET_START = 0;
export const BUCKET_CELLS = 8;
export const BUCKET_TOUCHED = 16;
export const BUCKET_TOUCHED_COUNT = 20;
export const BUCKET_TIMESTAMPED = 24;
export const BUCKET_TIMESTAMPED_COUNT = 28;
export const BUCKET_KEYS = 40;

export const KEY_TABLE_ENTRIES = 0;
export const KEY_TABLE_MASK = 4;
export const KEY_TABLE_EPOCH = 16;

export const CELL_BYTES = 64;
export const CELL_SUM = 0;
export const CELL_WEIGHTED_SUM = 8;
export const CELL_MIN = 16;
export const CELL_MAX = 24;
export const CELL_COUNT = 32;
export const CELL_LAST_AT = 40;
export const CELL_STAMP = 48;
export const CELL_KEYS = 52;
export const CELL_SAMPLES = 60;

export const KEY_BYTES = 24;
export const KEY_SLOT = 0;
export const KEY_META = 4;
export const KEY_KEY = 8;
export const KEY_WEIGHT = 16;

export const STAMPED_BYTES = 32;
export const STAMPED_SLOT = 0;
export const STAMPED_TIME = 8;
export const STAMPED_VALUE = 16;
export const STAMPED_WEIGHT = 24;

/** Kinds of key; the same numbers as KEY_KIND in model/sealed-bucket.ts. */
export const KIND_VALUE = 0;
export const KIND_BIN = 1;
export const KIND_ELEMENT = 2;

/** What a line's samples do. The first five follow CONTEXT_TYPES in model/context.ts, plus one. */
export const OP_NONE = 0;
export const OP_COUNTER = 1;
export const OP_GAUGE = 2;
export const OP_HISTOGRAM = 3;
export const OP_DISTRIBUTION = 4;
export const OP_SET = 5;
export const OP_TIMESTAMPED = 6;
export const OP_DROP = 7;

/**
 * Counters of a shard: 64-bit floats, indexed by these numbers, only ever growing. Written by the intake
 * thread, read by the control thread at any time.
 */
export const COUNT_PACKETS = 0;
export const COUNT_BYTES = 1;
export const COUNT_LINES = 2;
export const COUNT_SAMPLES = 3;
export const COUNT_LINE_HITS = 4;
export const COUNT_TAG_SET_HITS = 5;
export const COUNT_LINE_MISSES = 6;
export const COUNT_FILTERED_LINES = 7;
export const COUNT_UNTERMINATED = 8;
export const COUNT_TRUNCATED_PACKETS = 9;
export const COUNT_NON_FINITE_SAMPLES = 10;
export const COUNT_LINE_TABLE_FULL = 11;
export const COUNT_KEY_TABLE_FULL_SAMPLES = 12;
export const COUNT_TIMESTAMPED_FULL_SAMPLES = 13;
export const COUNT_TIMESTAMPED_SAMPLES = 14;
export const COUNT_CACHED_LINES = 15;
export const COUNT_CONTEXT_SLOTS = 16;
export const COUNT_EVICTED_LINES = 17;
export const COUNT_MEMORY_FULL = 18;
export const COUNT_CUT_LINES = 19;
export const CORE_COUNTERS = 32;

/** Bytes that may be read, but mean nothing, behind every packet the core is given. */
export const PACKET_PADDING = 128;
/** Largest packet, bytes; the hash key is as long. */
export const PACKET_BYTES_MAX = 65536;
