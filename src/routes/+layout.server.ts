import type { LayoutServerLoad } from './$types'

/** What every page shows of the site and of the reader's wishes. */
export const load: LayoutServerLoad = ({ locals: { site, language, theme } }) => ({ site, language, theme })
