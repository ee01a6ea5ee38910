import * as v from 'valibot'
import { refuse } from '$lib/registration/refusal'
import { HALF_WAY_MS } from '../auth/factors'
import { parseToken } from '../auth/tokens'
import { deskNetwork } from '../database/found-by'
import { orThrow, refusalError } from './refusal-error'
import { procedure, router } from './t'

const field = v.pipe(v.string(), v.maxLength(1000))

/** What a browser holds between the password and the second factor. */
const HALF_WAY_COOKIE = 'half-way'
const MINUTE_MS = 60_000
const TRIES = { count: 10, windowMs: 15 * MINUTE_MS }

/** Moderators' sign-in; the session that the browser had before ends with it. */
export const sessionRouter = router({
  /** `next`: the desk, or the page that asks for the second factor. */
  signIn: procedure
    .input(v.parser(v.object({ username: field, password: field })))
    .mutation(async ({ ctx, input }) => {
      const { services, clientAddress, device = null, cookies } = ctx
      const step = orThrow(await services.signIn({ ...input, clientAddress, device }))
      if (step.cookie === null) {
        cookies.set(HALF_WAY_COOKIE, step.halfWay, HALF_WAY_MS / 1000)
        return { next: 'code' as const }
      }
      await services.sessions.signOut(cookies.get(services.sessions.cookieName))
      cookies.set(step.cookie.name, step.cookie.value, step.cookie.attributes.maxAge)
      return { next: 'desk' as const }
    }),

  /** Whether a code is awaited of this browser. */
  isHalfWay: procedure.query(async ({ ctx }) => {
    const token = parseToken(ctx.cookies.get(HALF_WAY_COOKIE))
    return token !== null && (await ctx.services.factors.halfWay(token)) !== null
  }),

  /** A code of the authenticator, or a recovery code. Every try counts before it is looked at. */
  enterCode: procedure.input(v.parser(v.object({ code: field }))).mutation(async ({ ctx, input }) => {
    const { services, clientAddress, device = null, cookies } = ctx
    const token = parseToken(cookies.get(HALF_WAY_COOKIE))
    const whose = token === null ? null : await services.factors.halfWay(token)
    if (token === null || whose === null) throw refusalError(refuse({ code: 'not_signed_in' }))
    const taken = await services.limits.takeAll([
      { kind: 'second-factor', subject: whose, limit: TRIES },
      { kind: 'sign-in-network', subject: clientAddress, limit: { count: 20, windowMs: 15 * MINUTE_MS } },
    ])
    if (!taken.ok) {
      const minutes = Math.max(1, Math.ceil(taken.retryAfterMs / MINUTE_MS))
      throw refusalError(refuse({ code: 'too_many_sign_ins', minutes }))
    }
    const { id } = orThrow(await services.factors.enter(token, input.code))
    await services.limits.forget('second-factor', id)
    const cookie = await services.sessions.signIn(id, { device, network: deskNetwork(clientAddress) })
    await services.registrar.note([{ kind: 'signed_in' }], { kind: 'moderator', id })
    await services.sessions.signOut(cookies.get(services.sessions.cookieName))
    cookies.delete(HALF_WAY_COOKIE)
    cookies.set(cookie.name, cookie.value, cookie.attributes.maxAge)
  }),

  signOut: procedure.mutation(async ({ ctx }) => {
    const { sessions, registrar } = ctx.services
    if (ctx.moderator !== null)
      await registrar.note([{ kind: 'signed_out' }], { kind: 'moderator', id: ctx.moderator.id })
    await sessions.signOut(ctx.cookies.get(sessions.cookieName))
    ctx.cookies.delete(sessions.cookieName)
  }),
})
