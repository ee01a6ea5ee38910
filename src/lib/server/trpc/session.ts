import * as v from 'valibot'
import { orThrow } from './refusal-error'
import { procedure, router } from './t'

const field = v.pipe(v.string(), v.maxLength(1000))

/** Moderators' sign-in. */
export const sessionRouter = router({
  signIn: procedure
    .input(v.parser(v.object({ username: field, password: field })))
    .mutation(async ({ ctx, input }) => {
      const { services, clientAddress, device = null, cookies } = ctx
      const { moderator, cookie } = orThrow(await services.signIn({ ...input, clientAddress, device }))
      cookies.set(cookie.name, cookie.value, cookie.attributes.maxAge)
      return { username: moderator.username }
    }),

  signOut: procedure.mutation(async ({ ctx }) => {
    const { sessions, registrar } = ctx.services
    if (ctx.moderator !== null)
      await registrar.note([{ kind: 'signed_out' }], { kind: 'moderator', id: ctx.moderator.id })
    await sessions.signOut(ctx.cookies.get(sessions.cookieName))
    ctx.cookies.delete(sessions.cookieName)
  }),
})
