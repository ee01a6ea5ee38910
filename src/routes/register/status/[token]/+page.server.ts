import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { refusalText } from '$lib/components/refusal-text'
import { textOf } from '$lib/server/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { turnAway } from '../../turn-away'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params, locals: { api } }) => {
  const standing = await attempt(() => api.registration.status(params))
  if (!standing.ok) turnAway(standing)
  return { standing: standing.value }
}

export const actions: Actions = {
  /** Makes this browser the applicant's, to go on where it stands. */
  resume: async ({ params, url, locals: { api } }) => {
    const resumed = await attempt(() => api.registration.resume(params))
    if (!resumed.ok) redirect(303, url.pathname)
    redirect(303, resumed.value.state === 'verified' ? '/register/account' : '/register/status')
  },

  answer: async ({ params, url, request, locals: { api } }) => {
    const typed = textOf(await request.formData(), 'text')
    const answer = await attempt(() => api.registration.answer({ ...params, text: typed }))
    if (!answer.ok) return fail(answer.status, { answer: { typed, problem: refusalText(answer.refusal) } })
    redirect(303, url.pathname)
  },

  withdraw: async ({ params, url, locals: { api } }) => {
    const answer = await attempt(() => api.registration.withdraw(params))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals) })
    redirect(303, url.pathname)
  },
}
