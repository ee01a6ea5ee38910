import * as v from 'valibot'
import { historyFilterSchema } from '$lib/moderation/history'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('auditLog', 'usernames', 'config'))
const exportProcedure = t.permittedProcedure('export-audit-log').use(t.needs('auditLog'))

const before = v.pipe(v.number(), v.integer(), v.minValue(1))

/** The audit log. */
export const auditLogRouter = t.router({
  /**
   * One page, latest first; `before` is the `next` of the previous page. Of sign-ins and personal events, moderators
   * without the permission see only their own.
   */
  page: moderatorProcedure
    .input(v.parser(v.object({ ...historyFilterSchema.entries, before: v.optional(before) })))
    .query(async ({ ctx, input: { before = null, ...filter } }) => {
      const { auditLog, config } = ctx.services
      return { ...(await auditLog.page(filter, before, ctx.moderator)), keptDays: config.retention.audit }
    }),

  /** Who the log can be filtered by. */
  people: moderatorProcedure.query(({ ctx }) => ctx.services.usernames.all()),

  /** Records who exports which part of the log, and returns where to start: before that record. */
  beginExport: exportProcedure
    .input(v.parser(v.object({ ...historyFilterSchema.entries, format: v.picklist(['csv', 'json']) })))
    .mutation(async ({ ctx, input: { format, ...filter } }) => ({
      before: await ctx.services.auditLog.beginExport(filter, format, ctx.moderator.id),
    })),

  /** A part of an export, latest first; the last one has no `next`. */
  slice: exportProcedure
    .input(v.parser(v.object({ ...historyFilterSchema.entries, before })))
    .query(({ ctx, input: { before, ...filter } }) =>
      ctx.services.auditLog.slice(filter, before, ctx.moderator),
    ),
})
