import type { PageServerLoad } from './$types'

/** What this depends on is what the kept page is kept by (`landing` in hooks.server.ts). */
export const load: PageServerLoad = async ({ locals: { api } }) => ({
  opening: await api.registration.opening(),
})
