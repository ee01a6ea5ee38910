import { fail, redirect } from '@sveltejs/kit'
import { sendAnswer, sendName, sendPassword, sendWithdrawal } from '../own-forms'
import { passwordRules } from '../password-rules'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ url, locals: { api } }) => {
  const standing = await api.registration.current()
  const rules = standing?.awaitsPassword === true ? await passwordRules(api) : null
  const { open } = await api.registration.opening()
  return {
    standing,
    gone: standing === null && (await api.registration.isGone()),
    rules,
    open,
    used: url.searchParams.has('used'),
    earlier: url.searchParams.has('earlier'),
  }
}

const HERE = '/register/status'

export const actions: Actions = {
  setPassword: async (event) => {
    const sent = await sendPassword(event)
    if (sent.ok) redirect(303, HERE + sent.query)
    return fail(sent.status, sent.told)
  },

  chooseUsername: async (event) => {
    const sent = await sendName(event)
    if (sent.ok) redirect(303, HERE)
    return fail(sent.status, sent.told)
  },

  answer: async (event) => {
    const sent = await sendAnswer(event)
    if (sent.ok) redirect(303, HERE)
    return fail(sent.status, sent.told)
  },

  withdraw: async (event) => {
    const sent = await sendWithdrawal(event)
    if (sent.ok) redirect(303, HERE)
    return fail(sent.status, sent.told)
  },
}
