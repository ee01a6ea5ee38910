import { m } from '$lib/paraglide/messages'

const WORDS = new Map<string | null, () => string>([
  ['requested', m.desk_undone_one],
  ['denied', m.desk_undone_denied],
  ['completed', m.desk_undone_completed],
])

/** What became of a request when a decision on it was undone. `state`: as the address says it; null for any other text. */
export const undoneText = (state: string | null): string | null => WORDS.get(state)?.() ?? null
