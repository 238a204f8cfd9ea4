/** A tagger whose workloads do not change: those of a file, a capture or a test. */
import { TagTable } from './tag-table.ts';

export type { LevelTags, Workloads } from './tag-table.ts';

export class StaticTagger extends TagTable {}
