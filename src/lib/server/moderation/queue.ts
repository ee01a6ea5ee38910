import type { QueueFilter } from '$lib/moderation/queue-filter'
import { findAnnouncements } from '../database/announcements'
import { findFailed } from '../database/failed-jobs'
import { findStuck } from '../database/jobs'
import type { Database } from '../database/open'
import { findResting } from '../database/registrations'
import type { Homeserver } from '../homeserver/homeserver'
import { groupFailures } from '../registrations/failed-jobs'
import type { DenialFingerprints } from '../registrations/denial-fingerprints'
import type { Registrar } from '../registrations/registrar'
import { jobView, neighbours, queueView, registrationView } from './queue-view'

/** More than anybody decides one by one before they take effect. */
const MOST_PENDING = 50

/** The moderation queue, and what failed behind it, as moderators see them. */
export function createQueue(about: {
  database: Database
  homeserver: Homeserver
  registrar: Registrar
  memory: DenialFingerprints
  /** Probation is the first choice for what a rule flags. */
  heldOnProbation: boolean
}) {
  const { database, registrar } = about
  return {
    /** One page of a list, as `moderator` sees it. */
    page: (filter: QueueFilter, moderator: { id: string }, limit: number) =>
      queueView(about, filter, moderator, limit),

    /** Where a moderator can go from one registration: its neighbors in the list. */
    neighbours: (filter: QueueFilter, id: string) => neighbours(about, filter, id),

    /** All that `moderator` sees of one registration; null if there is none. */
    find: (id: string, moderator: { id: string }) => registrationView(about, id, moderator),

    /** A moderator's decisions that can be undone, the latest first, and for how many milliseconds more. */
    async pending(moderatorId: string) {
      const { now, undoMs } = registrar.policy()
      const rows = await database.read((reader) =>
        findResting(reader, moderatorId, { now, undoMs, limit: MOST_PENDING }),
      )
      return rows.map(({ until, ...row }) => ({ ...row, leftMs: until - now }))
    },

    /** Failed jobs without a registration, with errors that may name recipients. */
    stuck: async () => (await database.read((reader) => findStuck(reader))).map((row) => jobView(row, null)),

    /** Reasons for which several jobs failed. */
    failures: async () => groupFailures(await database.read((reader) => findFailed(reader))),

    /** What this program found out about the setup that moderators should know. */
    announcements: async () =>
      (await database.read((reader) => findAnnouncements(reader))).filter(({ text }) => text !== ''),
  }
}
