import * as v from 'valibot'
import { queueFilterSchema } from '$lib/moderation/queue-filter'
import type { Action } from '$lib/registration/decide'
import { refuse, type Refusal, type Result } from '$lib/registration/refusal'
import { usernameSchema } from '$lib/registration/username'
import { withoutAddresses } from '../logging/log'
import { refusalOfOutage } from '../outages/outage-refusal'
import { orThrow, refusalError } from './refusal-error'
import * as t from './t'
import { may, type ModeratorContext } from './t'
import { messageOf } from './conversation'

const moderatorProcedure = t.moderatorProcedure.use(
  t.needs(
    'queue',
    'presence',
    'live',
    'registrar',
    'jobResults',
    'usernames',
    'config',
    'worker',
    'outages',
    'crowds',
    'proxyWatch',
    'consentWatch',
    'ambiguousAccounts',
    'logFailure',
  ),
)

const PAGE = 50
const id = v.pipe(v.string(), v.maxLength(100))

const version = v.pipe(v.number(), v.integer())
const verdict = {
  /** `probation`: approved, and suspended for a while. */
  decision: v.picklist(['approve', 'probation', 'deny']),
  message: v.pipe(v.string(), v.maxLength(100_000)),
  silent: v.boolean(),
  category: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(100)))),
  /** Also what is assigned to a colleague. */
  over: v.optional(v.boolean()),
}
/** What the domain is asked to decide; a refusal is thrown. */
function readVerdict(
  ctx: ModeratorContext<'config'>,
  {
    decision,
    message: typed,
    silent,
    category = null,
    over = false,
  }: v.InferOutput<v.ObjectSchema<typeof verdict, undefined>>,
) {
  const message = orThrow(messageOf(typed))
  if (category !== null && !ctx.services.config.moderation.denialCategories.includes(category))
    throw refusalError(refuse({ code: 'category_unknown' }))
  const common = { moderator: ctx.moderator.id, message, silent, unlessClaimed: !over }
  return decision === 'deny'
    ? ({ type: 'deny', ...common, category } as const)
    : ({ type: 'approve', ...common, ...(decision === 'probation' ? { probation: true } : {}) } as const)
}

async function decideOne(
  ctx: ModeratorContext<'registrar' | 'usernames'>,
  item: { id: string; version: number },
  action: Action,
) {
  const actor = t.actorOf(ctx)
  const decided = await ctx.services.registrar.act(item.id, action, actor, { version: item.version })
  return decided.ok ? decided : ctx.services.usernames.in(decided)
}

/** The result of one decision in a bulk decision; null: it was decided. */
interface DecidedItem {
  id: string
  refusal: Refusal | null
}

/**
 * The results of several, each in a transaction of its own. An outage ends them early: the last one is refused by it,
 * those after it are unchanged, and those before it stay.
 */
async function eachOf<T extends { id: string }>(
  { services }: ModeratorContext<'logFailure'>,
  path: string,
  items: T[],
  act: (item: T) => Promise<Result<unknown>>,
): Promise<DecidedItem[]> {
  const results: DecidedItem[] = []
  for (const item of items) {
    try {
      const done = await act(item)
      results.push({ id: item.id, refusal: done.ok ? null : done.refusal })
    } catch (error) {
      const outage = refusalOfOutage(error)
      if (outage === null || results.length === 0) throw error
      services.logFailure(path, error)
      return [...results, { id: item.id, refusal: outage.refusal }]
    }
  }
  return results
}

async function viewOrThrow(ctx: ModeratorContext<'queue'>, registrationId: string) {
  const view = await ctx.services.queue.find(registrationId, ctx.moderator)
  if (view === null) throw refusalError(refuse({ code: 'not_found' }))
  return view
}

/** The moderation queue. */
export const moderationRouter = t.router({
  /** One page of a list; `after` is the `next` of the previous page. */
  queue: moderatorProcedure
    .input(
      v.parser(
        v.object({
          ...queueFilterSchema.entries,
          limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PAGE))),
        }),
      ),
    )
    .query(({ ctx, input: { limit = PAGE, ...filter } }) =>
      ctx.services.queue.page(filter, ctx.moderator, limit),
    ),

  /** The neighbors of a registration in a list. */
  neighbours: moderatorProcedure
    .input(v.parser(v.object({ id, filter: queueFilterSchema })))
    .query(({ ctx, input }) => ctx.services.queue.neighbours(input.filter, input.id)),

  /** What the queue is now, to compare with what a live update says. */
  revision: moderatorProcedure.query(({ ctx }) => ctx.services.live.revision(ctx.moderator.id)),

  /** The moderator has this registration open in a page now, or (null) no longer: see `Look`. */
  look: moderatorProcedure
    .input(
      v.parser(
        v.object({
          id: v.nullable(id),
          page: v.optional(v.pipe(v.string(), v.maxLength(36))),
          stream: v.optional(v.pipe(v.string(), v.maxLength(36))),
        }),
      ),
    )
    .mutation(async ({ ctx, input: { id: registrationId, page = '', stream = null } }) => {
      await ctx.services.presence.put(ctx.moderator.id, { registrationId, page, stream })
    }),

  /** A moderator's choices: who decided, by username, and the denial reasons. */
  choices: moderatorProcedure.query(async ({ ctx: { services } }) => ({
    moderators: (await services.usernames.all()).map(({ username }) => username),
    categories: [...services.config.moderation.denialCategories],
  })),

  registration: moderatorProcedure
    .input(v.parser(v.object({ id })))
    .query(({ ctx, input }) => viewOrThrow(ctx, input.id)),

  /**
   * Approves or denies the version that the moderator saw; if it is decided already, or (without `over`) assigned to a
   * colleague, refused with who and what.
   */
  decide: moderatorProcedure
    .input(v.parser(v.object({ id, version, ...verdict })))
    .mutation(async ({ ctx, input }) => {
      const decided = await decideOne(ctx, input, readVerdict(ctx, input))
      if (!decided.ok) throw refusalError(decided)
      ctx.services.worker.nudge()
      return viewOrThrow(ctx, input.id)
    }),

  /** The same decision on several, each individually: the results, in order, up to the first outage. */
  decideMany: moderatorProcedure
    .input(
      v.parser(
        v.object({ items: v.pipe(v.array(v.object({ id, version })), v.maxLength(PAGE)), ...verdict }),
      ),
    )
    .mutation(async ({ ctx, input }) => {
      const action = readVerdict(ctx, input)
      const results = await eachOf(ctx, 'moderation.decideMany', input.items, (item) =>
        decideOne(ctx, item, action),
      )
      ctx.services.worker.nudge()
      return results
    }),

  /** One's own decisions that can be undone, the latest first, and for how many milliseconds more. */
  pending: moderatorProcedure.query(({ ctx }) => ctx.services.queue.pending(ctx.moderator.id)),

  /** Undoes a pending decision. */
  undo: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.registrar.undo(input.id, t.actorOf(ctx)))
    return viewOrThrow(ctx, input.id)
  }),

  /** The same for several of one's own: the results, in order, up to the first outage. */
  undoMany: moderatorProcedure
    .input(v.parser(v.object({ ids: v.pipe(v.array(id), v.maxLength(PAGE)) })))
    .mutation(({ ctx, input }) => {
      const items = input.ids.map((one) => ({ id: one }))
      const actor = t.actorOf(ctx)
      return eachOf(ctx, 'moderation.undoMany', items, async (item) => {
        const undone = await ctx.services.registrar.undo(item.id, actor, { own: true })
        return undone.ok ? undone : ctx.services.usernames.in(undone)
      })
    }),

  /** Ends a probation before its time: it becomes a normal account. */
  endProbation: moderatorProcedure
    .input(v.parser(v.object({ id, version })))
    .mutation(async ({ ctx, input }) => {
      const decided = await decideOne(ctx, input, { type: 'end_probation', early: true })
      if (!decided.ok) throw refusalError(decided)
      ctx.services.worker.nudge()
      return viewOrThrow(ctx, input.id)
    }),

  /** Retries a job at once that failed or waits for its next attempt. */
  retryJob: moderatorProcedure.input(v.parser(v.object({ job: id }))).mutation(async ({ ctx, input }) => {
    const retried = await ctx.services.jobResults.retryJob(input.job, t.actorOf(ctx))
    if (!retried) throw refusalError(refuse({ code: 'job_not_waiting' }))
    ctx.services.worker.nudge()
  }),

  /** A failed job was done by hand, or is not needed any more. */
  dismissJob: moderatorProcedure.input(v.parser(v.object({ job: id }))).mutation(async ({ ctx, input }) => {
    const actor = t.actorOf(ctx)
    orThrow(await ctx.services.jobResults.dismissJob(input.job, actor))
  }),

  /** Retries all jobs that failed for the same reason as this one; returns how many there were. */
  retryAlike: moderatorProcedure.input(v.parser(v.object({ job: id }))).mutation(async ({ ctx, input }) => {
    const actor = t.actorOf(ctx)
    const count = await ctx.services.jobResults.retryAlike(input.job, actor)
    if (count === 0) throw refusalError(refuse({ code: 'job_not_waiting' }))
    ctx.services.worker.nudge()
    return { count }
  }),

  /** Reasons for which several jobs failed. */
  failures: moderatorProcedure.query(({ ctx }) => ctx.services.queue.failures()),

  /** Failed jobs without a registration. Whose email it was, in the error, takes a permission. */
  stuck: moderatorProcedure.query(async ({ ctx }) => {
    const rows = await ctx.services.queue.stuck()
    if (may(ctx, 'see-recipients')) return rows
    return rows.map(({ error, ...job }) => ({
      ...job,
      error: error === null ? null : withoutAddresses(error),
    }))
  }),

  /** What this program found out about the setup that moderators should know. */
  notices: moderatorProcedure.query(({ ctx }) => ctx.services.queue.announcements()),

  /** Unavailable servers, since when, why, and how many jobs wait for each. */
  outages: moderatorProcedure.query(({ ctx }) => ctx.services.outages.current()),

  /** Where applicants were recently asked to try again because of a shared limit. */
  crowds: moderatorProcedure.query(({ ctx }) => ctx.services.crowds.lately()),

  /** What an operator must fix in the setup; the details take a permission. */
  setUp: moderatorProcedure.query(({ ctx }) => {
    const { proxyWatch, consentWatch } = ctx.services
    const found = [proxyWatch.problem(), consentWatch.problem()].filter((problem) => problem !== null)
    if (may(ctx, 'see-setup-problems') || found.length === 0) return found
    return [{ code: 'ask_administrator' } as const]
  }),

  /** Unverified accounts, with what the homeserver answered about them lately. */
  doubts: moderatorProcedure.query(({ ctx }) => ctx.services.ambiguousAccounts.list()),

  /** Asks the homeserver about them now. */
  checkDoubts: moderatorProcedure.mutation(({ ctx }) => ctx.services.ambiguousAccounts.checkNow()),

  settleDoubt: moderatorProcedure
    .input(v.parser(v.object({ username: usernameSchema, verdict: v.picklist(['adopt', 'leave']) })))
    .mutation(async ({ ctx, input }) => {
      const actor = t.actorOf(ctx)
      orThrow(await ctx.services.ambiguousAccounts.settle(input.username, input.verdict, actor))
    }),
})
