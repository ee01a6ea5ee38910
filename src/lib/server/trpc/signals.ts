import * as v from 'valibot'
import { refuse } from '$lib/registration/refusal'
import { refusalError } from './refusal-error'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('signals'))

export const signalsRouter = t.router({
  /** What a moderator wants to know before deciding. */
  about: moderatorProcedure
    .input(v.parser(v.object({ id: v.pipe(v.string(), v.maxLength(100)) })))
    .query(async ({ ctx, input }) => {
      const facts = await ctx.services.signals.about(input.id)
      if (facts === null) throw refusalError(refuse({ code: 'not_found' }))
      return facts
    }),
})
