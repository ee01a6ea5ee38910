import type { Database } from '../database/open'
import { putPresence, type Look } from '../database/presence'

/** How long a moderator counts as viewing after the last sign of it. */
export const LOOK_MS = 40_000

/** Who has which request open, so that two moderators do not work on the same one. */
export function createPresence({ database, clock }: { database: Database; clock: () => number }) {
  return {
    /** What a moderator's page shows now; without a sign of it that ends after `LOOK_MS`. */
    async put(moderatorId: string, look: Look): Promise<void> {
      const now = clock()
      await database.write((tx) => putPresence(tx, moderatorId, look, { now, since: now - LOOK_MS }))
    },
  }
}
