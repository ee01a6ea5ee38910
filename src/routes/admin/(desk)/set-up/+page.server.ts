import { error, fail } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals: { api } }) => {
  const answer = await attempt(() => api.setUp.check())
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  const { email } = await api.account.view()
  return { findings: answer.value, email }
}

export const actions: Actions = {
  test: async ({ request, locals: { api } }) => {
    const email = textOf(await request.formData(), 'email')
    const answer = await attempt(() => api.setUp.sendTestMail({ email }))
    if (!answer.ok) return fail(answer.status, { email, problem: refusalText(answer.refusal) })
    return { email: answer.value.email, findings: answer.value.findings }
  },
}
