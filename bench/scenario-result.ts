/** What a scenario of the benchmark found: figures, and whether they are good enough. */
export interface ScenarioResult {
  readonly name: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly differences: readonly string[];
  readonly pass: boolean;
  /** Findings that are no numbers. */
  readonly notes?: readonly string[];
}
