import { fail } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'
import { moderatorLinkText } from '../../moderator-link-text'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params: { token }, locals: { api } }) => {
  const answer = await attempt(() => api.moderators.address({ token }))
  return answer.ok
    ? { email: answer.value.email, trouble: null }
    : { email: '', trouble: moderatorLinkText(answer.refusal, 'address') }
}

export const actions: Actions = {
  default: async ({ params: { token }, locals: { api } }) => {
    const answer = await attempt(() => api.moderators.confirmAddress({ token }))
    if (!answer.ok)
      return fail(answer.status, { problem: moderatorLinkText(answer.refusal, 'address'), confirmed: false })
    return { problem: null, confirmed: true }
  },
}
