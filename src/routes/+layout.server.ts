import type { LayoutServerLoad } from './$types'

/** What every page shows of the site, and the reader's preferences. */
export const load: LayoutServerLoad = ({ locals: { site, language, theme } }) => ({ site, language, theme })
