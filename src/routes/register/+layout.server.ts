import type { LayoutServerLoad } from './$types'

/** How long links from mails work: said where one is on its way, and where one has run out. */
export const load: LayoutServerLoad = async ({ locals: { api } }) => ({
  links: await api.registration.links(),
})
