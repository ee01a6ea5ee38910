import * as v from 'valibot'
import { openingView, type OpeningView } from '$lib/moderation/opening'
import { refuse } from '$lib/registration/refusal'
import { matrixId } from '$lib/registration/username'
import { parseToken, type Token } from '../auth/tokens'
import { orThrow } from './refusal-error'
import { letIn, ownView } from './registration'
import { procedure, router } from './t'

const link = procedure.input(v.parser(v.object({ token: v.pipe(v.string(), v.maxLength(1000)) })))

function readToken(token: string): Token {
  const parsed = parseToken(token)
  return parsed ?? orThrow<Token>(refuse({ code: 'link_broken' }))
}

const OPEN: OpeningView = { open: true }

/** The link in the first mail. Looking at it changes nothing: mail scanners open links. */
export const verificationRouter = router({
  look: link.query(async ({ ctx, input }) => {
    const { registrar, opening } = ctx.services
    const found = orThrow(await registrar.lookAtLink(readToken(input.token)))
    const mayConfirm = await registrar.mayConfirm(found.registration.id)
    return {
      /** For this registration: who was invited can go on although it is closed. */
      opening: mayConfirm.ok ? OPEN : openingView(await opening.look(), ctx.language),
      matrixId: matrixId(found.username, ctx.services.config.synapse.domain),
      email: found.registration.email,
    }
  }),

  confirm: link.mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.brakes.take('confirmation', ctx.clientAddress))
    const { registration, applicant } = orThrow(await ctx.services.registrar.confirm(readToken(input.token)))
    letIn(ctx, applicant)
    return ownView(registration, ctx)
  }),

  renew: link.mutation(async ({ ctx, input }) => {
    const email = orThrow(await ctx.services.applicant.renewLink(readToken(input.token), ctx.clientAddress))
    ctx.services.worker.nudge()
    return { email }
  }),
})
