import * as v from 'valibot'
import { refuse } from '$lib/registration/refusal'
import { refusalError } from './refusal-error'
import { moderatorProcedure, router } from './t'

export const factsRouter = router({
  /** What a moderator wants to know before deciding. */
  about: moderatorProcedure
    .input(v.parser(v.object({ id: v.pipe(v.string(), v.maxLength(100)) })))
    .query(async ({ ctx, input }) => {
      const facts = await ctx.services.facts.about(input.id)
      if (facts === null) throw refusalError(refuse({ code: 'not_found' }))
      return facts
    }),
})
