import * as v from 'valibot'
import { typedTexts } from '$lib/registration/language'
import { workedOffAt } from '$lib/moderation/opening'
import { findModerator } from '../database/moderators'
import type { Context } from './context'
import { orThrow } from './refusal-error'
import { moderatorProcedure, router } from './t'

/** Longer than any sensible value; the domain then says what is wrong in words. */
const words = v.pipe(v.string(), v.maxLength(100_000))
const day = v.pipe(v.string(), v.maxLength(100))

/** A moderator's override, by whom and since when. */
async function saidBy({ services }: Context, id: string): Promise<string | null> {
  const moderator = await services.database.read((reader) => findModerator(reader, id))
  return moderator?.username ?? null
}

/** Whether registration is open: what moderators see of it, and how they change it. */
export const openingRouter = router({
  state: moderatorProcedure.query(async ({ ctx }) => {
    const { opening, database } = ctx.services
    const { opening: now, record, counts } = await database.read(opening.read)
    const { hand, shut } = record
    const said = hand === null ? null : { ...hand, by: await saidBy(ctx, hand.by) }
    const { waiting, perDay } = opening.limits
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
    .input(v.parser(v.object({ message: typedTexts(words), until: day })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.opening.close(input, ctx.moderator.id))
    }),

  /** Opens it in spite of a limit: until a day, or until the backlog is cleared. */
  open: moderatorProcedure.input(v.parser(v.object({ until: day }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.opening.open(input, ctx.moderator.id))
  }),
})
