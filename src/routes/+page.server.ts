import { standingHere } from './register/standing-here'
import type { PageServerLoad } from './$types'

/**
 * Without an applicant's cookie, this must depend only on the cache key of the landing page (`landing` in
 * hooks.server.ts).
 */
export const load: PageServerLoad = async (event) => ({
  opening: await event.locals.api.registration.opening(),
  ...(await standingHere(event)),
})
