/** What a server does in global aggregation (docs/global.md): nothing, send partials, merge them, or both. */
export const GLOBAL_ROLES = ['none', 'edge', 'global', 'both'] as const;
export type GlobalRole = (typeof GLOBAL_ROLES)[number];
