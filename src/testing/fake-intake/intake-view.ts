/** What the routes and the page of a fake intake need of it. */
import type { Decoded } from './intake-data.ts';
import type { StoredPayload } from './payload-store.ts';

/** A request that was refused as bad. */
export interface Refusal {
  readonly path: string;
  readonly status: number;
  readonly reason: string;
}

export interface IntakeView {
  /** Where it listens. */
  readonly url: string;
  payloads(path: string): readonly StoredPayload[];
  decode(payload: StoredPayload): Promise<Decoded | undefined>;
  refusals(): readonly Refusal[];
  routeStats(): ReadonlyMap<string, number>;
  flush(): void;
}
