import { figuresOf, period, type FIGURE_DAYS } from '$lib/moderation/figures'
import { findModerators } from '../database/moderators'
import type { Database } from '../database/open'
import { findTallies } from '../database/tallies'

/** The statistics, from what was counted by day. */
export function createFigures({ database, clock }: { database: Database; clock: () => number }) {
  return {
    /** Of this many days, including today; moderators by username. */
    async of(count: (typeof FIGURE_DAYS)[number]) {
      const days = period(count, clock())
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
    },
  }
}
