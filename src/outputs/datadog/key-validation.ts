/**
 * Asks each intake whether its keys are valid: at start and every hour (docs/delivery.md).
 *
 *   GET <validation base>/api/v1/validate?api_key=…   200 valid, 403 invalid, anything else: not known
 *
 * Unhealthy only when no key is valid and none is unknown: an intake that cannot be reached says nothing about a key.
 * The URL holds the key, as the API wants it; it is never logged.
 */

import type { Log } from '../../lib/log.ts';
import { maskKey, maskUrl } from '../../lib/text/mask.ts';
import type { Clock } from '../../lib/time/clock.ts';

export type KeyState = 'valid' | 'invalid' | 'unknown';

const TIMEOUT_MS = 10_000;
/** Considered valid without asking, for tests and trials. */
const ZERO_KEY = '0'.repeat(32);

export interface KeyQuestion {
  /** The domain as people know it. */
  readonly domain: string;
  readonly key: string;
  /** The status of the answer; undefined without one. Never rejects. */
  ask(path: string, timeoutMs: number): Promise<number | undefined>;
}

export interface KeyValidationOptions {
  readonly questions: readonly KeyQuestion[];
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class KeyValidation {
  private readonly options: KeyValidationOptions;
  private readonly states = new Map<KeyQuestion, KeyState>();
  private cancel: () => void = () => undefined;
  private isStopped = false;

  constructor(options: KeyValidationOptions) {
    this.options = options;
    for (const question of options.questions) this.states.set(question, 'unknown');
  }

  /** Asks now, and again and again. */
  async start(): Promise<void> {
    await this.askAll();
    if (this.isStopped) return;
    this.cancel = this.options.clock.after(this.options.intervalMs, () => void this.start());
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  get healthy(): boolean {
    const states = [...this.states.values()];
    return states.length === 0 || states.some((state) => state !== 'invalid');
  }

  /** What is known of the key at the domain. */
  stateOf(domain: string, key: string): KeyState {
    for (const [question, state] of this.states)
      if (question.domain === domain && question.key === key) return state;
    return 'unknown';
  }

  /** Something else tells about a key: a payload that was taken or refused. */
  learn(domain: string, key: string, state: 'valid' | 'invalid'): void {
    for (const question of this.states.keys())
      if (question.domain === domain && question.key === key) this.set(question, state);
  }

  /** Another key is in the place of one. */
  replace(domain: string, key: string, by: string): void {
    for (const question of this.states.keys()) {
      if (question.domain !== domain || question.key !== key) continue;
      this.states.delete(question);
      this.states.set({ ...question, key: by }, 'unknown');
      return;
    }
  }

  async askAll(): Promise<void> {
    const questions = [...this.states.keys()];
    const timeoutMs = TIMEOUT_MS / Math.max(questions.length, 1);
    await Promise.all(
      questions.map(async (question) => {
        const state = await askOne(question, timeoutMs);
        // Not knowing now is no reason to forget what was known.
        if (state !== 'unknown') this.set(question, state);
      }),
    );
  }

  /** Changes are logged, so an invalid key once. */
  private set(question: KeyQuestion, state: KeyState): void {
    const before = this.states.get(question);
    // Asked about a key that was replaced meanwhile.
    if (before === undefined || before === state) return;
    this.states.set(question, state);
    const fields = { endpoint: maskUrl(question.domain), key: maskKey(question.key) };
    if (state === 'invalid') {
      this.options.log.error(
        { ...fields, code: 'ERR_DATADOG_KEY_INVALID' },
        'the intake refuses this API key and what is sent with it is lost; correct api_key, or site when the key is of another site',
      );
    } else if (before === 'invalid') this.options.log.info(fields, 'the API key is valid again');
  }
}

async function askOne({ key, ask }: KeyQuestion, timeoutMs: number): Promise<KeyState> {
  if (key === ZERO_KEY) return 'valid';
  const status = await ask(`/api/v1/validate?api_key=${encodeURIComponent(key)}`, timeoutMs);
  if (status === 200) return 'valid';
  return status === 403 ? 'invalid' : 'unknown';
}
