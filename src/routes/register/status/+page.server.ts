import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { refusalText } from '$lib/components/refusal-text'
import { attempt } from '$lib/server/trpc/attempt'
import { textOf } from '$lib/server/form-fields'
import { passwordRules } from '../password-rules'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ url, locals: { api } }) => {
  const standing = await api.registration.current()
  const rules = standing?.awaitsPassword === true ? await passwordRules(api) : null
  return { standing, rules, used: url.searchParams.has('used') }
}

export const actions: Actions = {
  setPassword: async ({ request, locals: { api } }) => {
    const password = textOf(await request.formData(), 'password')
    const answer = await attempt(() => api.registration.setPassword({ password }))
    if (!answer.ok)
      return fail(answer.status, {
        problems: problemsOf(answer.refusals),
        nameLost: isNameGone(answer.refusal.code),
      })
    redirect(303, '/register/status')
  },

  chooseUsername: async ({ request, locals: { api } }) => {
    const username = textOf(await request.formData(), 'username')
    const answer = await attempt(() => api.registration.chooseUsername({ username }))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals), username })
    redirect(303, '/register/status')
  },

  answer: async ({ request, locals: { api } }) => {
    const typed = textOf(await request.formData(), 'text')
    const answer = await attempt(() => api.registration.answer({ text: typed }))
    if (!answer.ok) return fail(answer.status, { answer: { typed, problem: refusalText(answer.refusal) } })
    redirect(303, '/register/status')
  },

  withdraw: async ({ locals: { api } }) => {
    const answer = await attempt(() => api.registration.withdraw({}))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals) })
    redirect(303, '/register/status')
  },
}

const isNameGone = (code: string) => code === 'username_lost' || code === 'username_taken'
