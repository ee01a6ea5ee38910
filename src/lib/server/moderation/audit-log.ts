import { filterWishes, historyQuery, type HistoryFilter } from '$lib/moderation/history'
import type { Role } from '$lib/moderation/moderator'
import { matrixId } from '$lib/registration/username'
import { announceDaily } from '../database/announcements'
import { insertEvents, lastEventSeq } from '../database/events'
import { findHistory } from '../database/history'
import type { Database } from '../database/open'
import { byModerator, type Actor, type AuditEvent } from '$lib/registration/registration'

/** How many events a page shows. */
const PAGE = 50
/** How many events are read and written in a few milliseconds. */
const SLICE = 500

type Viewer = { id: string; role: Role }

/** The audit log: events without a registration, and all as moderators read and export them. */
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
    /** Writes an event without a registration to the audit log. */
    note: (events: AuditEvent[], actor: Actor) =>
      database.write((tx) => insertEvents(tx, null, events, actor, clock())),

    /** The same, unless it was recorded under this key within the last 24 hours; returns whether it was due. */
    async noteDaily(key: string, events: AuditEvent[], actor: Actor): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceDaily(tx, key, clock()))) return false
        await insertEvents(tx, null, events, actor, clock())
        return true
      })
    },

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
