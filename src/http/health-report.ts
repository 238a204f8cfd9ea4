/**
 * What `GET /health` answers: whether the server works, and which of its parts does not.
 */
export interface HealthReport {
  readonly healthy: boolean;
  readonly parts: readonly PartHealth[];
}

export interface PartHealth {
  readonly name: string;
  readonly healthy: boolean;
  /** The server is meant to work without it: its ill health is told, and does not make the server's. */
  readonly optional?: boolean;
  /** One sentence for people, at least when the part is not healthy. */
  readonly detail?: string;
}
