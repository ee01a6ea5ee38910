import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/components/refusal-text'
import type { Refusal } from '$lib/registration/refusal'
import { attempt } from '$lib/server/trpc/attempt'
import { dropDraft, keepDraft, readDraft } from '../../draft'
import { turnAway } from '../../turn-away'
import type { Actions, PageServerLoad } from './$types'

/** Looking changes nothing: mail scanners open links too. */
export const load: PageServerLoad = async ({ params, locals: { api } }) => {
  const link = await attempt(() => api.verification.look(params))
  if (link.ok) return link.value
  if (link.refusal.code === 'link_spent' && (await api.registration.current()) !== null)
    redirect(303, '/register/status?used')
  turnAway(link)
}

/** The page itself says what is the matter with its link, and when registration is closed. */
const saysItself = ({ code }: Refusal): boolean => code.startsWith('link_') || code === 'registration_closed'

export const actions: Actions = {
  confirm: async ({ params, cookies, url, locals: { api, site } }) => {
    const confirmed = await attempt(() => api.verification.confirm(params))
    if (!confirmed.ok) {
      if (saysItself(confirmed.refusal)) redirect(303, url.pathname)
      return fail(confirmed.status, { problem: refusalText(confirmed.refusal) })
    }
    dropDraft(cookies, site)
    redirect(303, '/register/account')
  },

  renew: async ({ params, cookies, url, locals: { api, site } }) => {
    const renewed = await attempt(() => api.verification.renew(params))
    if (!renewed.ok) {
      if (renewed.refusal.code === 'link_spent' || renewed.refusal.code === 'link_broken')
        redirect(303, url.pathname)
      turnAway(renewed)
    }
    keepDraft(cookies, { ...readDraft(cookies, site), email: renewed.value.email }, site)
    redirect(303, '/register/again?sent')
  },
}
