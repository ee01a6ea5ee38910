import { FIGURE_DAYS } from '$lib/moderation/figures'
import { printJson } from './printed'
import { UsageError } from './usage'
import { withServices } from './with-services'

/** Prints the statistics as JSON, as the page with them has them. */
export async function figures({ days: typed = '30' }: { days?: string }): Promise<void> {
  const days = FIGURE_DAYS.find((count) => String(count) === typed)
  if (days === undefined) throw new UsageError(`--days must be one of ${FIGURE_DAYS.join(', ')}`)
  printJson({ version: 1, days, figures: await withServices(({ statistics }) => statistics.of(days)) })
}
