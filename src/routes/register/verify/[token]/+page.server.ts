import { error, redirect } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'
import { dropDraft, keepDraft, readDraft } from '../../draft'
import type { Actions, PageServerLoad } from './$types'

/** Looking changes nothing: mail scanners open links too. */
export const load: PageServerLoad = async ({ params, locals: { api } }) => {
  const link = await attempt(() => api.verification.look(params))
  if (link.ok) return link.value
  if (link.refusal.code === 'link_spent' && (await api.registration.current()) !== null)
    redirect(303, '/register/status?used')
  error(link.status, link.refusal.code)
}

export const actions: Actions = {
  confirm: async ({ params, cookies, url, locals: { api, site } }) => {
    const confirmed = await attempt(() => api.verification.confirm(params))
    // The page itself says what is the matter with its link.
    if (!confirmed.ok) redirect(303, url.pathname)
    dropDraft(cookies, site)
    redirect(303, '/register/account')
  },

  renew: async ({ params, cookies, url, locals: { api, site } }) => {
    const renewed = await attempt(() => api.verification.renew(params))
    if (!renewed.ok) {
      if (renewed.refusal.code === 'link_spent' || renewed.refusal.code === 'link_broken')
        redirect(303, url.pathname)
      error(renewed.status, renewed.refusal.code)
    }
    keepDraft(cookies, { ...readDraft(cookies), email: renewed.value.email }, site)
    redirect(303, '/register/again?sent')
  },
}
