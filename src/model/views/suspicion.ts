/** What a client most likely got wrong in an event or check that parses (protocol/suspicion.ts explains them). */
export const SUSPICIONS = ['event_length', 'check_message'] as const;
export type Suspicion = (typeof SUSPICIONS)[number];
