/** Hot path. A line that was read and hashed, and is applied later (ingest.ts): the fields of line.ts, and its hashes. */
@unmanaged
export class KeptLine {
  hashA: u64;
  hashB: u64;
  rate: f64;
  timestamp: f64;
  line: usize;
  lineStop: usize;
  nameStop: usize;
  valuesStart: usize;
  valuesStop: usize;
  tagsStart: usize;
  tagsStop: usize;
  type: u32;
  /** Slot of the entry where the hash starts to probe: most often its own. */
  slot: u32;
}
