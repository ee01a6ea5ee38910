import { filterWishes, historyQuery, type HistoryFilter } from '$lib/moderation/history'
import type { Role } from '$lib/moderation/moderator'
import { matrixId } from '$lib/registration/username'
import { insertEvents, lastEventSeq } from '../database/events'
import { findHistory } from '../database/history'
import type { Database } from '../database/open'
import { byModerator } from '$lib/registration/registration'

/** How many events a page shows. */
const PAGE = 50
/** How many events are read and written in a few milliseconds. */
const SLICE = 500

type Viewer = { id: string; role: Role }

/** The audit log as moderators read and export it, each what their role may see. */
export function createAuditLog({
  database,
  clock,
  domain,
}: {
  database: Database
  clock: () => number
  domain: string
}) {
  return {
    /** One page, latest first; `before` is the `next` of the previous page, or null. */
    async page(filter: HistoryFilter, before: number | null, viewer: Viewer) {
      const rows = await database.read((reader) =>
        findHistory(reader, historyQuery(filter, viewer), before, PAGE + 1),
      )
      const shown = rows.slice(0, PAGE)
      return {
        events: shown.map(({ username, ...row }) => ({
          ...row,
          matrixId: username === null ? null : matrixId(username, domain),
        })),
        next: rows.length > PAGE ? (shown.at(-1)?.seq ?? null) : null,
      }
    },

    /** Records who exports which part, and returns where to start: before that record. */
    beginExport: (filter: HistoryFilter, format: 'csv' | 'json', by: string): Promise<number> =>
      database.write(async (tx) => {
        const detail = { format, ...filterWishes(filter) }
        await insertEvents(tx, null, [{ kind: 'exported', detail }], byModerator(by), clock())
        return lastEventSeq(tx)
      }),

    /** A part of an export, latest first; the last one has no `next`. */
    async slice(filter: HistoryFilter, before: number, viewer: Viewer) {
      const rows = await database.read((reader) =>
        findHistory(reader, historyQuery(filter, viewer), before, SLICE),
      )
      return {
        events: rows.map(({ username: _, ...row }) => row),
        next: rows.length === SLICE ? (rows.at(-1)?.seq ?? null) : null,
      }
    },
  }
}
