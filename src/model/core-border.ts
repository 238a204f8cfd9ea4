/**
 * The border of the core: every constant that AssemblyScript and TypeScript must agree on, declared once. Layout of the
 * memory a shard shares with the control thread, numbers of operations and counters, bytes of the wire. Plain numbers, so
 * that both languages import this file; the core checks at start that its structs agree, and test/border.test.ts that
 * nobody declares one of them again.
 *
 * Bucket, 48 bytes: where the parts of one bucket are; its key table likewise. The rest is the core's own.
 *
 *   0      8      12         16       20            24           28                …  40
 *   │start │cells │(capacity)│touched │touchedCount │timestamped │timestampedCount │… │keys ─▶ │directory │(mask) │segments │… │20: indexMask │… │32: epoch │
 *
 * Cells, touched slots and timestamped records are lists of blocks; the keys are in segments.
 *
 *   list of blocks   │count │address │address │ …       directory   │address of segment 0 │of segment 1 │ …
 *
 * Cell, 64 bytes, one a slot in each bucket: what one context gathered.
 *
 *   0    8            16   24   32     40      48     52    56             60
 *   │sum │weightedSum │min │max │count │lastAt │stamp │at   │list          │samples │
 *
 * Chunk: values of a histogram or bins of a distribution behind a cell. `list` is the newest, which names the oldest; `at`
 * is where it ends, without its lowest bit. What follows the head stands in core/assembly/value-list.ts, key-list.ts and
 * bin-pages.ts.
 *
 *   0     4                                              8                                    16 (32 in one of 1,024 bytes)
 *   │next │pairs << 16 | size | kind (size is 64 · 2^n)  │weight f64 (of a directory: entries) │ …
 *
 * Key entry, 24 bytes: one weight under (slot, kind, key).
 *
 *   0     4                     8    16
 *   │slot │ epoch << 2 | kind  │key │weight │
 *
 * Timestamped record, 32 bytes:  │slot u32 │(spare) │timestamp f64 │value f64 │weight f64 │
 */

/** What grows, grows by blocks of so many bytes: core/assembly/blocks.ts. A list of them is a count and addresses. */
export const BLOCK_BYTES = 262144;
export const BLOCKS_ADDRESSES = 4;

export const BUCKET_BYTES = 48;
export const BUCKET_START = 0;
export const BUCKET_CELLS = 8;
export const BUCKET_TOUCHED = 16;
export const BUCKET_TOUCHED_COUNT = 20;
export const BUCKET_TIMESTAMPED = 24;
export const BUCKET_TIMESTAMPED_COUNT = 28;
export const BUCKET_KEYS = 40;

export const KEY_TABLE_DIRECTORY = 0;
export const KEY_TABLE_SEGMENTS = 8;
export const KEY_TABLE_INDEX_MASK = 20;
export const KEY_TABLE_EPOCH = 32;

/** Entries in a segment of a table, of which a small one has fewer: a power of two. core/assembly/segments.ts. */
export const SEGMENT_BITS = 13;
export const SEGMENT_ENTRIES = 8192;

/** Distinct tags of a line that are hashed free of their order. core/assembly/tag-set.ts. */
export const HASHED_TAGS_MAX = 192;

export const CELL_BYTES = 64;
export const CELL_SUM = 0;
export const CELL_WEIGHTED_SUM = 8;
export const CELL_MIN = 16;
export const CELL_MAX = 24;
export const CELL_COUNT = 32;
export const CELL_LAST_AT = 40;
export const CELL_STAMP = 48;
export const CELL_AT = 52;
export const CELL_LIST = 56;
export const CELL_SAMPLES = 60;

/** Values of `at` that are no address: `list` is a directory of pages of bins; the values are in the key table. */
export const AT_PAGES = 3;
export const AT_TABLE = 5;

export const CHUNK_META = 4;
export const CHUNK_WEIGHT = 8;
export const CHUNK_HEAD = 16;
/** Size and head of the longest chunk of values. */
export const CHUNK_LONG = 1024;
export const CHUNK_LONG_HEAD = 32;
/** Parts of the word at CHUNK_META: what is below the size is the kind. */
export const CHUNK_PAIRS_SHIFT = 16;
export const CHUNK_SIZE_MASK = 0xffc0;
export const CHUNK_VALUES = 1;
export const CHUNK_KEYS = 2;
/** Directories of pages of 32-bit and of 64-bit weights. */
export const CHUNK_PAGES = 3;
export const CHUNK_WIDE_PAGES = 4;
export const DIRECTORY_PAGES = 8;
/** Bins of a page; the key of the first bin of page 0 is below -SKETCH_KEY_MAX. */
export const SKETCH_PAGE_BINS = 16;
export const SKETCH_KEY_MAX = 32767;
/** Upper words of NaNs among values: the lower word, or the next eight bytes, are the weight of what follows. */
export const ESCAPE_U32 = 0x7ff80001;
export const ESCAPE_F64 = 0x7ff80002;

/** What one of limits.bucket_keys may take: an entry of the key table, or so many bytes of chunks. */
export const BUDGET_UNIT_BYTES = 64;

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
 * Counters of a shard: 64-bit floats, indexed by these numbers, only ever growing. Written by the listener
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
export const COUNT_OUT_OF_RANGE_SAMPLES = 20;
export const CORE_COUNTERS = 32;

/** Bytes that may be read, but mean nothing, behind everything the core is given the address of. */
export const PACKET_PADDING_BYTES = 128;
/** Largest packet, bytes. */
export const PACKET_BYTES_MAX = 65536;
/** The longest text that is hashed, that of a context, bytes. */
export const HASHED_BYTES_MAX = 131072;
/** Bytes of the hash key: the longest text, room for each range's padding, the shift of the second pass, 4 words. */
export const HASH_KEY_BYTES = HASHED_BYTES_MAX + 4096;

/**
 * The most observations one sample may stand for: a sample rate below 1/WEIGHT_MAX is refused, whatever the type.
 * The protocol buffers of the Agent have 32 bits for a bin.
 */
export const WEIGHT_MAX = 4294967295;
/** The most observations of one context in one bucket: 4,096 bins of WEIGHT_MAX hold so many on a single key. */
export const OBSERVATIONS_MAX = 17592186040320;

/** Ends a line. */
export const LF = 0x0a;

/** Slot of no context: all bits of a 32-bit word. */
export const NO_SLOT = 0xffffffff;
/** A text as anyItemBeginsWith() is given it: its length in one byte, and the text. */
export const BEGINNING_BYTES = 32;

/** Answer of contextSlot(): more tags than a set may have. */
export const TOO_MANY_TAGS = 0xfffffffe;
/** Bit of contextSlot()'s answer: the slot is new. */
export const NEW_SLOT = 0x80000000;
/** 32-bit words of a context key. */
export const CONTEXT_KEY_WORDS = 4;

/**
 * struct mmsghdr of Linux on 64-bit processors, as recvmmsg() fills it and the core reads it; bytes.
 *
 *   0        8         16    24        32        40             48      56       64
 *   │ name   │ length  │ iov │ iov # 1 │ control │ control len  │ flags │ length │
 */
export const MMSGHDR_BYTES = 64;
export const MMSGHDR_NAME_LENGTH = 8;
export const MMSGHDR_IOV = 16;
export const MMSGHDR_IOV_COUNT = 24;
export const MMSGHDR_CONTROL = 32;
export const MMSGHDR_CONTROL_LENGTH = 40;
export const MMSGHDR_FLAGS = 48;
export const MMSGHDR_LENGTH = 56;
/** Flag of a message that was longer than its buffer. */
export const MSG_TRUNC = 0x20;
