import * as v from 'valibot'
import { filterWishes, historyFilterSchema, historyQuery } from '$lib/moderation/history'
import { matrixId } from '$lib/registration/username'
import { insertEvents } from '../database/events'
import { findHistory, lastSeq } from '../database/history'
import { findModerators } from '../database/moderators'
import { moderatorProcedure, permittedProcedure, router } from './t'

const exportProcedure = permittedProcedure('export-audit-log')

const PAGE = 50
/** How many events are read and written in a few milliseconds. */
const SLICE = 500
const before = v.pipe(v.number(), v.integer(), v.minValue(1))

/** The audit log. */
export const historyRouter = router({
  /**
   * One page, latest first; `before` is the `next` of the previous page. Of sign-ins and personal events, moderators
   * without the permission see only their own.
   */
  page: moderatorProcedure
    .input(v.parser(v.object({ ...historyFilterSchema.entries, before: v.optional(before) })))
    .query(async ({ ctx, input }) => {
      const { config, database, homeserver } = ctx.services
      const rows = await database.read((reader) =>
        findHistory(reader, historyQuery(input, ctx.moderator), input.before ?? null, PAGE + 1),
      )
      const shown = rows.slice(0, PAGE)
      return {
        events: shown.map(({ username, ...row }) => ({
          ...row,
          matrixId: username === null ? null : matrixId(username, homeserver.domain),
        })),
        next: rows.length > PAGE ? (shown.at(-1)?.seq ?? null) : null,
        keptDays: config.retention.history,
      }
    }),

  /** Who the log can be filtered by. */
  people: moderatorProcedure.query(async ({ ctx }) => {
    const people = await ctx.services.database.read(findModerators)
    return people.map(({ id, username }) => ({ id, username }))
  }),

  /** Records who exports which part of the log, and returns where to start: before that record. */
  beginExport: exportProcedure
    .input(v.parser(v.object({ ...historyFilterSchema.entries, format: v.picklist(['csv', 'json']) })))
    .mutation(async ({ ctx, input }) => {
      const { format, ...filter } = input
      const actor = { kind: 'moderator', id: ctx.moderator.id } as const
      const { database, registrar } = ctx.services
      const detail = { format, ...filterWishes(filter) }
      const before = await database.write(async (tx) => {
        await insertEvents(tx, null, [{ kind: 'exported', detail }], actor, registrar.now())
        return lastSeq(tx)
      })
      return { before }
    }),

  /** A part of an export, latest first; the last one has no `next`. */
  slice: exportProcedure
    .input(v.parser(v.object({ ...historyFilterSchema.entries, before })))
    .query(async ({ ctx, input }) => {
      const rows = await ctx.services.database.read((reader) =>
        findHistory(reader, historyQuery(input, ctx.moderator), input.before, SLICE),
      )
      return {
        events: rows.map(({ username: _, ...row }) => row),
        next: rows.length === SLICE ? (rows.at(-1)?.seq ?? null) : null,
      }
    }),
})
