import * as v from 'valibot'
import { refuse, type Result } from '$lib/registration/refusal'
import { CHALLENGE_MS } from '../auth/passkeys'
import { orThrow, refusalError } from './refusal-error'
import { answer, currentSession, PASSKEY_COOKIE } from './session'
import * as t from './t'

const { router } = t
const needed = t.needs('factors', 'passkeys', 'limits', 'sessions')
const signedInProcedure = t.signedInProcedure.use(needed)
const latelyProcedure = t.latelyProcedure.use(needed)
const requiringProcedure = t.permittedProcedure('require-second-factor').use(needed)

const line = v.pipe(v.string(), v.maxLength(1000))

/** Attempts at a code or at one's own password, for one account: not those of whoever signs in with it. */
const TRIES = { count: 10, windowMs: 15 * 60_000 }

/** Counts an attempt before it is checked, and clears them all when one succeeds. */
async function tried<T>(
  ctx: t.ModeratorContext<'limits'>,
  attempt: (id: string) => Promise<Result<T>>,
): Promise<T> {
  const { limits } = ctx.services
  const { id } = ctx.moderator
  const taken = await limits.take('own-factor', id, TRIES)
  if (!taken.ok) {
    const minutes = Math.max(1, Math.ceil(taken.retryAfterMs / 60_000))
    throw refusalError(refuse({ code: 'too_many_sign_ins', minutes }))
  }
  const value = orThrow(await attempt(id))
  await limits.forget('own-factor', id)
  return value
}

/** A moderator's own second factor, and whether everybody needs one. */
export const factorsRouter = router({
  view: signedInProcedure.query(({ ctx }) => {
    const session = ctx.moderator.lately === true ? currentSession(ctx) : null
    return ctx.services.factors.view(ctx.moderator.id, session)
  }),

  begin: latelyProcedure.mutation(async ({ ctx }) => {
    orThrow(await ctx.services.factors.begin(ctx.moderator.id, currentSession(ctx)))
  }),

  /** Returns the recovery codes, which are never shown again. */
  confirm: latelyProcedure
    .input(v.parser(v.object({ code: line })))
    .mutation(({ ctx, input }) =>
      tried(ctx, (id) => ctx.services.factors.confirm(id, currentSession(ctx), input.code)),
    ),

  turnOff: signedInProcedure
    .input(v.parser(v.object({ password: line })))
    .mutation(({ ctx, input }) => tried(ctx, (id) => ctx.services.factors.turnOff(id, input.password))),

  renewCodes: signedInProcedure
    .input(v.parser(v.object({ password: line })))
    .mutation(({ ctx, input }) => tried(ctx, (id) => ctx.services.factors.renewCodes(id, input.password))),

  passkeys: signedInProcedure.query(({ ctx }) => ctx.services.passkeys.list(ctx.moderator.id)),

  /** What the browser creates a passkey from. */
  startPasskey: latelyProcedure.mutation(async ({ ctx }) => {
    const { options, ticket } = orThrow(await ctx.services.passkeys.startAdding(ctx.moderator.id))
    ctx.cookies.set(PASSKEY_COOKIE, ticket, CHALLENGE_MS / 1000)
    return options
  }),

  /** Returns recovery codes if there were none, which are never shown again. */
  addPasskey: signedInProcedure
    .input(v.parser(v.object({ name: line, answer })))
    .mutation(async ({ ctx, input }) => {
      const ticket = ctx.cookies.get(PASSKEY_COOKIE) ?? ''
      const codes = orThrow(await ctx.services.passkeys.add(ctx.moderator.id, ticket, input))
      ctx.cookies.delete(PASSKEY_COOKIE)
      return codes
    }),

  removePasskey: signedInProcedure
    .input(v.parser(v.object({ id: line, password: line })))
    .mutation(({ ctx, input }) =>
      tried(ctx, (id) => ctx.services.passkeys.remove(id, input.id, input.password)),
    ),

  setRequired: requiringProcedure
    .input(v.parser(v.object({ required: v.boolean() })))
    .mutation(({ ctx, input }) => ctx.services.factors.setRequired(input.required, ctx.moderator.id)),
})
