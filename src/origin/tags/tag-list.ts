/**
 * Tag list: gathers the tags of one source (docs/origin.md#tags).
 *
 *   add('low', 'image_tag', '1.2')                 image_tag:1.2
 *   add('low', 'image_tag', '')                    nothing: an empty name or value gives no tag
 *   auto('+team', 'a,b') with {team: ','}          high: team:a, team:b
 *
 * Control characters become `_`: a line break would end the tag wherever texts are lines.
 *
 * Limits  TAG_BYTES_MAX for a tag and TAGS_MAX for a list; what is over them is left out and counted.
 */
import { NO_SOURCE_TAGS, type SourceTags } from '../entity.ts';

export type Level = 'low' | 'orchestrator' | 'high';

/** By tag name: what separates several values in one. */
export type Separators = Readonly<Record<string, string>>;

const TAG_BYTES_MAX = 4096;
const TAGS_MAX = 1000;
/** Unified service tags. */
const STANDARD = new Set(['env', 'service', 'version']);

/** What lists have left out; shared by those of a collector. */
export interface TagCounts {
  tooLongTags: number;
  tooManyTags: number;
}

export class TagList {
  private readonly separators: Separators;
  private readonly counts: TagCounts;
  private readonly levels: Readonly<Record<Level | 'standard', Set<string>>> = {
    low: new Set(),
    orchestrator: new Set(),
    high: new Set(),
    standard: new Set(),
  };

  constructor(separators: Separators, counts: TagCounts) {
    this.separators = separators;
    this.counts = counts;
  }

  add(level: Level, name: string, value: string | undefined): void {
    for (const tag of this.tagsOf(name, value)) if (this.fits(tag)) this.levels[level].add(tag);
  }

  /** A unified service tag. */
  standard(name: string, value: string | undefined): void {
    for (const tag of this.tagsOf(name, value)) {
      if (!this.fits(tag)) continue;
      this.levels.low.add(tag);
      this.levels.standard.add(tag);
    }
  }

  /** A tag whose name a user chose: low, with a leading `+` high; env, service and version are standard. */
  auto(name: string, value: string | undefined): void {
    if (name.startsWith('+')) this.add('high', name.slice(1), value);
    else if (STANDARD.has(name)) this.standard(name, value);
    else this.add('low', name, value);
  }

  /** Adds all tags of another list. */
  addAll(tags: SourceTags): void {
    for (const level of ['low', 'orchestrator', 'high', 'standard'] as const)
      for (const tag of tags[level]) this.levels[level].add(tag);
  }

  /** The tags so far, each once a level, in the order in which they came. */
  get tags(): SourceTags {
    const { low, orchestrator, high, standard } = this.levels;
    return {
      ...NO_SOURCE_TAGS,
      low: [...low],
      orchestrator: [...orchestrator],
      high: [...high],
      standard: [...standard],
    };
  }

  private tagsOf(name: string, value: string | undefined): string[] {
    if (name === '' || value === undefined || value === '') return [];
    const separator = Object.hasOwn(this.separators, name) ? this.separators[name] : undefined;
    const values = separator === undefined ? [value] : value.split(separator);
    return values.filter((one) => one !== '').map((one) => clean(`${name}:${one}`));
  }

  private fits(tag: string): boolean {
    const { low, orchestrator, high } = this.levels;
    if (tag.length > TAG_BYTES_MAX || Buffer.byteLength(tag) > TAG_BYTES_MAX) {
      this.counts.tooLongTags++;
      return false;
    }
    if (low.size + orchestrator.size + high.size < TAGS_MAX) return true;
    this.counts.tooManyTags++;
    return false;
  }
}

function clean(tag: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return tag.replace(/[\u0000-\u001f\u007f]/g, '_');
}
