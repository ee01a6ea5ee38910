import * as v from 'valibot'
import { openingView, type OpeningView } from '$lib/moderation/opening'
import { accept, refuse } from '$lib/registration/refusal'
import { shownOf } from '$lib/registration/shown'
import { matrixId } from '$lib/registration/username'
import { parseToken, type Token } from '../crypto/tokens'
import { orThrow } from './refusal-error'
import { letIn, ownView, takeByLink } from './registration'
import * as t from './t'
import { line, ownRegistration } from './t'

const link = t.procedure
  .use(
    t.needs(
      'applicant',
      'config',
      'firstSteps',
      'invitations',
      'mailStandings',
      'intake',
      'rateLimits',
      'registrar',
      'links',
      'jobResults',
      'worker',
    ),
  )
  .input(v.parser(v.object({ token: line })))

function readToken(token: string): Token {
  const parsed = parseToken(token)
  return parsed ?? orThrow<Token>(refuse({ code: 'link_broken' }))
}

const OPEN: OpeningView = { open: true }

/** The link in the first email. Viewing it changes nothing: mail scanners open links. */
export const verificationRouter = t.router({
  look: link.query(async ({ ctx, input }) => {
    const { links, intake } = ctx.services
    const token = readToken(input.token)
    const looked = await links.lookAtLink(token)
    const own = await ownRegistration(ctx)
    const mine = own !== null && (await links.whoseLink(token, 'verification')) === own.id
    const { registration, username, invited } =
      mine && !looked.ok ? { registration: own, username: own.username, invited: false } : orThrow(looked)
    const confirmed = registration.state !== 'started'
    const mayConfirm = confirmed ? accept(null) : await links.mayConfirm({ invited })
    return {
      /** For this registration: with an invitation it can continue although registration is closed. */
      opening: mayConfirm.ok ? OPEN : openingView(await intake.look(), ctx.language),
      matrixId: matrixId(username, ctx.services.config.synapse.domain),
      email: registration.email,
      shown: shownOf({ id: registration.id, username }),
      /** This browser is its applicant's already; so it works although the link has expired. */
      mine,
      /** The status, once the email is confirmed. */
      own: confirmed ? await ownView(registration, ctx) : null,
    }
  }),

  /** Confirms, and lets a returning applicant in. `shown`: what the page showed; without it, the link's. */
  confirm: link.input(v.parser(v.object({ shown: v.optional(line) }))).mutation(async ({ ctx, input }) => {
    const token = readToken(input.token)
    await takeByLink(ctx, token, 'verification')
    const page = { shown: input.shown ?? '', language: ctx.language }
    const confirmed = await ctx.services.links.confirm(token, page)
    const { registration, applicant } = orThrow(confirmed)
    letIn(ctx, applicant)
    return ownView(registration, ctx)
  }),

  renew: link.mutation(async ({ ctx, input }) => {
    const asked = orThrow(await ctx.services.applicant.renewLink(readToken(input.token), ctx))
    ctx.services.worker.nudge()
    return asked
  }),
})
