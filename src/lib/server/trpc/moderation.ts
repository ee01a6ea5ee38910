import * as v from 'valibot'
import { refuse, type Refused } from '$lib/registration/refusal'
import { usernameSchema } from '$lib/registration/username'
import { findAnnouncements } from '../database/announcements'
import { findStuck } from '../database/jobs'
import { registrationView, jobView, queueItem, readCursor, writeCursor } from '../desk'
import { countTab, findQueue } from '../database/registrations'
import { countDoubtful } from '../database/accounts'
import type { Context } from './context'
import { orThrow, refusalError } from './refusal-error'
import { moderatorProcedure, router } from './t'

const PAGE = 50
const MESSAGE_MAXIMUM = 4000
const id = v.pipe(v.string(), v.maxLength(100))

/** A refusal that names a moderator by id is told by name. */
async function named(refused: Refused, registrationId: string, ctx: Context): Promise<Refused> {
  if (refused.refusal.code !== 'already_decided') return refused
  const view = await registrationView(ctx.services, registrationId)
  return refuse({ ...refused.refusal, by: view?.decidedBy ?? null })
}

async function viewOrThrow(ctx: Context, registrationId: string) {
  const view = await registrationView(ctx.services, registrationId)
  if (view === null) throw refusalError(refuse({ code: 'not_found' }))
  return view
}

/** The desk of the moderators. */
export const moderationRouter = router({
  /** One page of requests; `after` is the `next` of the page before. */
  queue: moderatorProcedure
    .input(
      v.parser(
        v.object({ tab: v.picklist(['waiting', 'trouble', 'decided', 'all']), after: v.optional(id) }),
      ),
    )
    .query(async ({ ctx, input }) => {
      const { database, homeserver } = ctx.services
      return database.read(async (reader) => {
        const rows = await findQueue(reader, input.tab, readCursor(input.after), PAGE + 1)
        const items = rows.slice(0, PAGE)
        const last = items.at(-1)
        return {
          items: items.map((row) => queueItem(row, homeserver.domain)),
          next: rows.length > PAGE && last !== undefined ? writeCursor(last) : null,
          counts: {
            waiting: await countTab(reader, 'waiting'),
            trouble: await countTab(reader, 'trouble'),
            doubts: await countDoubtful(reader),
          },
        }
      })
    }),

  registration: moderatorProcedure
    .input(v.parser(v.object({ id })))
    .query(({ ctx, input }) => viewOrThrow(ctx, input.id)),

  /** Approves or denies what the moderator saw in that version; refused, with who and what, when it is decided. */
  decide: moderatorProcedure
    .input(
      v.parser(
        v.object({
          id,
          version: v.pipe(v.number(), v.integer()),
          decision: v.picklist(['approve', 'deny']),
          message: v.pipe(v.string(), v.maxLength(100_000)),
          silent: v.boolean(),
          category: v.optional(v.pipe(v.string(), v.maxLength(1000))),
        }),
      ),
    )
    .mutation(async ({ ctx, input }) => {
      const message = input.message.replace(/\r\n?/g, '\n').trim()
      if (message.length > MESSAGE_MAXIMUM)
        throw refusalError(refuse({ code: 'message_too_long', maximum: MESSAGE_MAXIMUM }))
      const { denialCategories } = ctx.services.config.moderation
      const category = (input.decision === 'deny' && input.category) || null
      if (category !== null && !denialCategories.includes(category))
        throw refusalError(refuse({ code: 'category_unknown' }))
      const action = {
        type: input.decision,
        moderator: ctx.moderator.id,
        message: message === '' ? null : message,
        silent: input.silent,
        category,
      } as const
      const actor = { kind: 'moderator', id: ctx.moderator.id } as const
      const decided = await ctx.services.registrar.act(input.id, action, actor, { version: input.version })
      if (!decided.ok) throw refusalError(await named(decided, input.id, ctx))
      ctx.services.worker.nudge()
      return viewOrThrow(ctx, input.id)
    }),

  /** Tries a job at once that failed or waits for its next try. */
  retryJob: moderatorProcedure.input(v.parser(v.object({ job: id }))).mutation(async ({ ctx, input }) => {
    const retried = await ctx.services.registrar.retryJob(input.job, {
      kind: 'moderator',
      id: ctx.moderator.id,
    })
    if (!retried) throw refusalError(refuse({ code: 'job_not_waiting' }))
    ctx.services.worker.nudge()
  }),

  /** Jobs that failed and belong to no registration. */
  stuck: moderatorProcedure.query(async ({ ctx }) => {
    const rows = await ctx.services.database.read((reader) => findStuck(reader))
    return rows.map(jobView)
  }),

  /** What this program found out about the set-up and moderators should know. */
  notices: moderatorProcedure.query(async ({ ctx }) => {
    const found = await ctx.services.database.read((reader) => findAnnouncements(reader))
    return found.filter(({ text }) => text !== '')
  }),

  /** Which servers are out, since when, why, and how many jobs wait for each. */
  outages: moderatorProcedure.query(({ ctx }) => ctx.services.outages.current()),

  doubts: moderatorProcedure.query(({ ctx }) => ctx.services.doubts.list()),

  settleDoubt: moderatorProcedure
    .input(v.parser(v.object({ username: usernameSchema, verdict: v.picklist(['adopt', 'leave']) })))
    .mutation(async ({ ctx, input }) => {
      const actor = { kind: 'moderator', id: ctx.moderator.id } as const
      orThrow(await ctx.services.doubts.settle(input.username, input.verdict, actor))
    }),
})
