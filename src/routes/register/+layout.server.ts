import type { LayoutServerLoad } from './$types'

/** The lifetime of links in emails: shown when one has been sent, and when one has expired. */
export const load: LayoutServerLoad = async ({ locals: { api } }) => ({
  links: await api.registration.links(),
})
