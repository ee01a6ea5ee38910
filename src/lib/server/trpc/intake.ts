import * as v from 'valibot'
import { typedTexts } from '$lib/registration/language'
import { workedOffAt } from '$lib/moderation/opening'
import { orThrow } from './refusal-error'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('intake', 'usernames'))

/** Longer than any sensible value; the domain then says what is wrong in words. */
const words = v.pipe(v.string(), v.maxLength(100_000))
const day = v.pipe(v.string(), v.maxLength(100))
const seen = v.optional(v.nullable(v.number()))

/** Whether registration is open: what moderators see of it, and how they change it. */
export const intakeRouter = t.router({
  state: moderatorProcedure.query(async ({ ctx }) => {
    const { intake, usernames } = ctx.services
    const { opening: now, record, counts } = await intake.state()
    const { hand, shut } = record
    const said = hand === null ? null : { ...hand, by: await usernames.of(hand.by) }
    const { waiting, perDay } = intake.limits
    return {
      opening: now,
      hand: said,
      shut,
      counts,
      limits: { waiting, perDay, workedOff: waiting === null ? null : workedOffAt(waiting) },
    }
  }),

  /** Closes it, or changes the message while it is closed. `until`: a UTC day, or empty. */
  close: moderatorProcedure
    .input(v.parser(v.object({ message: typedTexts(words), until: day, seen })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.intake.close(input, ctx.moderator.id))
    }),

  /** Opens it in spite of a limit: until a day, or until the backlog is cleared. */
  open: moderatorProcedure
    .input(v.parser(v.object({ until: day, seen })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.intake.open(input, ctx.moderator.id))
    }),
})
