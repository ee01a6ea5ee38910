import { fail, redirect } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'
import { sendAnswer, sendName, sendPassword, sendRequest, sendWithdrawal } from '../../own-forms'
import { isGoingOn } from '../../going-on'
import { passwordRules } from '../../password-rules'
import { turnAway } from '../../turn-away'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params, request, url, locals: { api, site } }) => {
  const found = await attempt(() => api.registration.status(params))
  if (!found.ok) turnAway(found)
  const standing = found.value
  const goesOn = isGoingOn(url)
  const own = goesOn && request.method === 'GET' ? await api.registration.current() : null
  if (own?.id === standing.id)
    redirect(303, standing.state === 'verified' ? '/register/account' : '/register/status')
  const asksPassword =
    standing.awaitsPassword || (standing.state === 'verified' && site.passwordMode === 'at_request')
  return {
    standing,
    /** Somebody pressed to go on, and no cookie came back: the forms stand here. */
    cookieless: goesOn,
    rules: asksPassword ? await passwordRules(api) : null,
  }
}

/** Where somebody without cookies goes on. */
const onHere = (url: URL) => `${url.pathname}?in`

export const actions: Actions = {
  /** Makes this browser the applicant's, to go on where it stands. */
  resume: async ({ params, url, locals: { api } }) => {
    const resumed = await attempt(() => api.registration.resume(params))
    redirect(303, resumed.ok ? onHere(url) : url.pathname)
  },

  request: async (event) => {
    const sent = await sendRequest(event, event.params.token)
    if (sent.ok) redirect(303, event.url.pathname)
    return fail(sent.status, sent.told)
  },

  chooseUsername: async (event) => {
    const sent = await sendName(event, event.params.token)
    if (sent.ok) redirect(303, onHere(event.url))
    return fail(sent.status, sent.told)
  },

  setPassword: async (event) => {
    const sent = await sendPassword(event, event.params.token)
    if (sent.ok) redirect(303, event.url.pathname)
    return fail(sent.status, sent.told)
  },

  answer: async (event) => {
    const sent = await sendAnswer(event, event.params.token)
    if (sent.ok) redirect(303, event.url.pathname)
    return fail(sent.status, sent.told)
  },

  withdraw: async (event) => {
    const sent = await sendWithdrawal(event, event.params.token)
    if (sent.ok) redirect(303, event.url.pathname)
    return fail(sent.status, sent.told)
  },
}
