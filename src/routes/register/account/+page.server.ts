import { fail, redirect } from '@sveltejs/kit'
import { passedOn } from '$lib/server/http/redirect-path'
import { sendName, sendRequest } from '../own-forms'
import { passwordRules } from '../password-rules'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ url, locals: { api } }) => {
  const own = await api.registration.current()
  if (own !== null && own.state !== 'verified') redirect(303, `/register/status${passedOn(url)}`)
  const rules = own?.asksPassword === true ? await passwordRules(api) : null
  return { own, gone: own === null && (await api.registration.isGone()), rules }
}

export const actions: Actions = {
  request: async (event) => {
    const sent = await sendRequest(event)
    if (sent.ok) redirect(303, `/register/status${sent.query}`)
    return fail(sent.status, sent.told)
  },

  chooseUsername: async (event) => {
    const sent = await sendName(event)
    if (sent.ok) redirect(303, '/register/account')
    return fail(sent.status, sent.told)
  },
}
