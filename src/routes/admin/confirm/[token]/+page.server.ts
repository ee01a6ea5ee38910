import { fail } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params: { token }, locals: { api } }) => {
  const answer = await attempt(() => api.moderators.address({ token }))
  return answer.ok
    ? { email: answer.value.email, trouble: null }
    : { email: '', trouble: refusalText(answer.refusal) }
}

export const actions: Actions = {
  default: async ({ params: { token }, locals: { api } }) => {
    const answer = await attempt(() => api.moderators.confirmAddress({ token }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), confirmed: false })
    return { problem: null, confirmed: true }
  },
}
