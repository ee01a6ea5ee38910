import * as v from 'valibot'
import { FIGURE_DAYS } from '$lib/moderation/figures'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('statistics'))

/** Statistics. */
export const statisticsRouter = t.router({
  /** The statistics of this many days, including today. */
  get: moderatorProcedure
    .input(v.parser(v.object({ days: v.picklist(FIGURE_DAYS) })))
    .query(({ ctx, input }) => ctx.services.statistics.of(input.days)),
})
