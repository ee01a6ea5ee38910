import * as v from 'valibot'
import { FIGURE_DAYS, figuresOf, period } from '$lib/moderation/figures'
import { findModerators } from '../database/moderators'
import { findTallies } from '../database/tallies'
import { moderatorProcedure, router } from './t'

/** Statistics. */
export const figuresRouter = router({
  /** The statistics of this many days, including today. */
  get: moderatorProcedure
    .input(v.parser(v.object({ days: v.picklist(FIGURE_DAYS) })))
    .query(async ({ ctx, input }) => {
      const { database, registrar } = ctx.services
      const days = period(input.days, registrar.now())
      const { counted, people } = await database.read(async (reader) => ({
        counted: await findTallies(reader, days.from, days.to),
        people: await findModerators(reader),
      }))
      const { moderators, ...figures } = figuresOf(counted, days)
      const names = new Map(people.map(({ id, username }) => [id, username]))
      return {
        ...figures,
        moderators: moderators
          .map(({ id, count }) => ({ name: names.get(id) ?? id, count }))
          .sort((a, b) => a.name.localeCompare(b.name)),
      }
    }),
})
