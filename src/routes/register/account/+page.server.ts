import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { textOf } from '$lib/server/form-fields'
import { passwordRules } from '../password-rules'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals: { api, site } }) => {
  const own = await api.registration.current()
  if (own !== null && own.state !== 'verified') redirect(303, '/register/status')
  const rules = site.passwordMode === 'at_request' ? await passwordRules(api) : null
  return { own, rules }
}

export const actions: Actions = {
  request: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    const typed = {
      reason: textOf(form, 'reason'),
      legal: form.has('legal'),
      invitation: textOf(form, 'invitation'),
    }
    const answer = await attempt(() =>
      api.registration.request({ ...typed, password: textOf(form, 'password') }),
    )
    if (answer.ok) redirect(303, '/register/status')
    if (answer.refusal.code === 'no_registration') redirect(303, '/register/account')
    return fail(answer.status, {
      ...typed,
      problems: problemsOf(answer.refusals),
      outage: answer.refusal.code === 'homeserver_unavailable',
      nameLost: answer.refusal.code === 'username_lost' || answer.refusal.code === 'username_taken',
    })
  },

  chooseUsername: async ({ request, locals: { api } }) => {
    const username = textOf(await request.formData(), 'username')
    const answer = await attempt(() => api.registration.chooseUsername({ username }))
    if (answer.ok) redirect(303, '/register/account')
    return fail(answer.status, { username, problems: problemsOf(answer.refusals) })
  },
}
