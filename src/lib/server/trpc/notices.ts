import * as v from 'valibot'
import { noticesSchema } from '$lib/moderation/notices'
import { refuse } from '$lib/registration/refusal'
import { orThrow, refusalError } from './refusal-error'
import * as t from './t'

const signedInProcedure = t.signedInProcedure.use(t.needs('notificationSettings'))

/** Which email a moderator gets: everybody sets their own. */
export const noticesRouter = t.router({
  get: signedInProcedure.query(async ({ ctx }) => {
    const settings = await ctx.services.notificationSettings.of(ctx.moderator.id)
    if (settings === null) throw refusalError(refuse({ code: 'not_found' }))
    return settings
  }),

  set: signedInProcedure.input(v.parser(noticesSchema)).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.notificationSettings.set(ctx.moderator.id, input))
  }),
})
