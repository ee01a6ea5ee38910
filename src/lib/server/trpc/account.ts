import * as v from 'valibot'
import { refuse } from '$lib/registration/refusal'
import { orThrow, refusalError } from './refusal-error'
import { currentSession, fromOf } from './session'
import * as t from './t'

const { router } = t
const needed = t.needs(
  'moderatorAccounts',
  'ownAccount',
  'sessions',
  'limits',
  'signInTries',
  'worker',
  'matrixIds',
)
const signedInProcedure = t.signedInProcedure.use(needed)
const latelyProcedure = t.latelyProcedure.use(needed)

const line = v.pipe(v.string(), v.maxLength(1000))

/** Attempts at one's own password count like sign-ins: a browser left open cannot be used to guess it. */
const TRIES = { count: 10, windowMs: 15 * 60_000 }

/** A moderator's own account. */
export const accountRouter = router({
  view: signedInProcedure.query(async ({ ctx }) => {
    const view = await ctx.services.ownAccount.account(ctx.moderator.id, currentSession(ctx))
    if (view === null) throw refusalError(refuse({ code: 'not_found' }))
    return view
  }),

  /** How many attempts others made at this moderator's password within a day; 0 if those are no more than typos. */
  guesses: signedInProcedure.query(({ ctx }) => ctx.services.signInTries.guesses(ctx.moderator.username)),

  /** Ends every session, and starts another one here. */
  changePassword: signedInProcedure
    .input(v.parser(v.object({ now: line, next: line })))
    .mutation(async ({ ctx, input }) => {
      const { limits, ownAccount } = ctx.services
      const taken = await limits.take('own-password', ctx.moderator.id, TRIES)
      if (!taken.ok) {
        const minutes = Math.max(1, Math.ceil(taken.retryAfterMs / 60_000))
        throw refusalError(refuse({ code: 'too_many_sign_ins', minutes }))
      }
      const cookie = orThrow(await ownAccount.changePassword(ctx.moderator.id, input, fromOf(ctx)))
      await limits.forget('own-password', ctx.moderator.id)
      ctx.cookies.set(cookie.name, cookie.value, cookie.attributes.maxAge)
    }),

  askAddress: latelyProcedure.input(v.parser(v.object({ email: line }))).mutation(async ({ ctx, input }) => {
    const mail = orThrow(await ctx.services.ownAccount.askAddress(ctx.moderator.id, input.email))
    ctx.services.worker.nudge()
    return { mail }
  }),

  matrixId: signedInProcedure.query(async ({ ctx }) => {
    const view = await ctx.services.matrixIds.view(ctx.moderator.id)
    if (view === null) throw refusalError(refuse({ code: 'not_found' }))
    return view
  }),

  /** Asks in the moderators' room whether this Matrix ID is theirs. Not for those who could not decide here either. */
  claimMatrixId: latelyProcedure
    .input(v.parser(v.object({ matrixId: line })))
    .mutation(async ({ ctx, input }) => {
      if (ctx.moderator.mustSetUp === true) throw refusalError(refuse({ code: 'second_factor_needed' }))
      const claimed = orThrow(await ctx.services.matrixIds.claim(ctx.moderator.id, input.matrixId))
      ctx.services.worker.nudge()
      return claimed
    }),

  cancelMatrixId: signedInProcedure.mutation(({ ctx }) =>
    ctx.services.matrixIds.cancelClaim(ctx.moderator.id),
  ),

  /** Needs no fresh sign-in: it only takes a way in away. */
  unlinkMatrixId: signedInProcedure.mutation(async ({ ctx }) => {
    orThrow(await ctx.services.matrixIds.unlink(ctx.moderator.id, t.actorOf(ctx)))
  }),

  setPreferences: signedInProcedure
    .input(v.parser(v.object({ shortcuts: v.boolean() })))
    .mutation(({ ctx, input }) => ctx.services.moderatorAccounts.setPreferences(ctx.moderator.id, input)),

  /** Ends one session, or with null all but this one; returns how many ended. */
  endSessions: signedInProcedure
    .input(v.parser(v.object({ id: v.nullable(v.pipe(v.string(), v.maxLength(100))) })))
    .mutation(({ ctx, input }) =>
      ctx.services.ownAccount.endSessions(ctx.moderator.id, input.id, currentSession(ctx)),
    ),
})
