/** What is known of senders and their containers, for people: GET /api/origins and `whippet origin`. Plain data. */

export interface OriginReport {
  /** The keys of the configuration that decide what counts. */
  readonly detection: {
    readonly sockets: boolean;
    readonly client: boolean;
    readonly unified: boolean;
    readonly cardinality: string;
  };
  readonly collectors: readonly OriginCollector[];
  readonly senders: OriginCounts;
  /** What keeps senders from being found, each with what to do about it. */
  readonly problems: readonly { readonly problem: string; readonly remedy: string }[];
  /** What was asked about, when that was a process. */
  readonly process?: OriginProcess;
  /** Entities that fit what was asked, and how many of them are not in the list. */
  readonly total: number;
  readonly omitted: number;
  readonly entities: readonly OriginEntity[];
  /** Tags of everything on this host. */
  readonly global: OriginTags;
}

export interface OriginCollector {
  readonly name: string;
  readonly status: 'off' | 'starting' | 'running' | 'failing';
  readonly detail: string;
  readonly remedy: string;
  readonly entities: number;
  readonly answeredSecondsAgo?: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Of all listener threads. */
export interface OriginCounts {
  /** Packets of Unix sockets whose sender's container was found. */
  readonly packets: number;
  /** Look-ups of which nothing came. */
  readonly errors: number;
  /** Of these, senders in a pid namespace that is not seen here. */
  readonly invisible: number;
  readonly truncated: number;
  readonly passedDescriptors: number;
  /** Messages that wait, that got their tags late, that went on without, and that found no room to wait. */
  readonly waiting: number;
  readonly resolvedLate: number;
  readonly gaveUp: number;
  readonly noRoom: number;
}

export interface OriginProcess {
  readonly pid: number;
  /** A sentence. */
  readonly answer: string;
  /** Its container; empty when it has none. */
  readonly entity: string;
}

export interface OriginTags {
  readonly low: readonly string[];
  readonly orchestrator: readonly string[];
  readonly high: readonly string[];
}

export interface OriginEntity {
  readonly entity: string;
  readonly kind: string;
  readonly tags: OriginTags;
  readonly generation: number;
  readonly ageSeconds: number;
  readonly sources: readonly {
    readonly source: string;
    readonly collector: string;
    readonly toldSecondsAgo: number;
    readonly endedSecondsAgo?: number;
    readonly tags: OriginTags;
  }[];
}
