import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { keepDraft, readDraft } from '../draft'
import { textOf } from '$lib/server/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ cookies, url, locals: { site } }) => {
  const { email } = readDraft(cookies, site)
  return { email, sent: url.searchParams.has('sent') && email !== '' }
}

export const actions: Actions = {
  default: async ({ request, cookies, locals: { api, site } }) => {
    const typed = textOf(await request.formData(), 'email')
    const answer = await attempt(() => api.registration.sendLink({ email: typed }))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals), email: typed })
    keepDraft(cookies, { ...readDraft(cookies, site), email: answer.value.email }, site)
    redirect(303, '/register/again?sent')
  },
}
