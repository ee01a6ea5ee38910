import { fail, redirect } from '@sveltejs/kit'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { isOfLink, moderatorLinkText } from '../../moderator-link-text'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params: { token }, locals: { api } }) => {
  const answer = await attempt(() => api.moderators.invitation({ token }))
  return answer.ok
    ? { ...answer.value, trouble: null }
    : { trouble: moderatorLinkText(answer.refusal, 'invitation') }
}

export const actions: Actions = {
  default: async ({ params: { token }, request, locals: { api } }) => {
    const form = await request.formData()
    const username = textOf(form, 'username')
    const answer = await attempt(() =>
      api.moderators.join({ token, username, password: textOf(form, 'password') }),
    )
    if (answer.ok) redirect(303, '/admin')
    const isPassword = answer.refusal.code.startsWith('password')
    const field = isOfLink(answer.refusal) ? 'link' : isPassword ? 'password' : 'username'
    return fail(answer.status, { username, field, problem: moderatorLinkText(answer.refusal, 'invitation') })
  },
}
