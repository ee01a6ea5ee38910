import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { sendAnswer, sendName, sendPassword, sendRequest, sendWithdrawal } from '../../own-forms'
import { isGoingOn, onBehind } from '../../going-on'
import { passwordRules } from '../../password-rules'
import { turnAway } from '../../turn-away'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params, url, locals: { api } }) => {
  const found = await attempt(() => api.registration.status(params))
  if (!found.ok) turnAway(found)
  const standing = found.value
  const { open } = await api.registration.opening()
  return {
    standing,
    open,
    earlier: url.searchParams.has('earlier'),
    /** The user continued, but no cookie came back: the forms are shown here. */
    cookieless: isGoingOn(url),
    rules: standing.asksPassword ? await passwordRules(api) : null,
  }
}

export const actions: Actions = {
  /** Makes this browser the applicant's, to continue at the current step. */
  resume: async ({ params, url, locals: { api } }) => {
    const resumed = await attempt(() => api.registration.resume(params))
    if (resumed.ok) redirect(303, onBehind(url.pathname))
    // The page itself says what is wrong with its link.
    if (resumed.refusal.code.startsWith('link_')) redirect(303, url.pathname)
    return fail(resumed.status, { problems: problemsOf(resumed.refusals) })
  },

  request: async (event) => {
    const sent = await sendRequest(event, event.params.token)
    if (sent.ok) redirect(303, event.url.pathname + sent.query)
    return fail(sent.status, sent.told)
  },

  chooseUsername: async (event) => {
    const sent = await sendName(event, event.params.token)
    if (sent.ok) redirect(303, onBehind(event.url.pathname))
    return fail(sent.status, sent.told)
  },

  setPassword: async (event) => {
    const sent = await sendPassword(event, event.params.token)
    if (sent.ok) redirect(303, event.url.pathname + sent.query)
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
