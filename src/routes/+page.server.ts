import { standingHere } from './register/standing-here'
import type { PageServerLoad } from './$types'

/** Without a cookie of an applicant, what this depends on is what the kept page is kept by (`landing` in hooks.server.ts). */
export const load: PageServerLoad = async (event) => ({
  opening: await event.locals.api.registration.opening(),
  ...(await standingHere(event)),
})
