import * as v from 'valibot'
import { readEmail } from '$lib/registration/email'
import { orThrow } from './refusal-error'
import * as t from './t'

const needed = t.needs('setUp')
const setUpProcedure = t.permittedProcedure('see-setup-problems').use(needed)

/** Whether everything is set up, for administrators. */
export const setUpRouter = t.router({
  /** What the command `doctor` would find now. Takes up to some seconds per server that does not answer. */
  check: setUpProcedure.query(({ ctx }) => ctx.services.setUp.check(null)),

  /** Sends a test email, and answers what came of it. */
  sendTestMail: setUpProcedure
    .input(v.parser(v.object({ email: t.line })))
    .mutation(async ({ ctx, input }) => {
      const email = orThrow(readEmail(input.email))
      const findings = orThrow(await ctx.services.setUp.sendTestMail(email, ctx.moderator.id))
      return { email, findings }
    }),

  /** Whether the calling moderator should see that page first: an administrator whom nobody has asked for anything yet. */
  isFirst: t.moderatorProcedure
    .use(needed)
    .query(async ({ ctx }) => t.may(ctx, 'see-setup-problems') && (await ctx.services.setUp.isNew())),
})
