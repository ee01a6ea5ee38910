import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { keepDraft, readDraft } from '../draft'
import { entryOf, textOf } from '$lib/server/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ cookies, url, locals: { api, site } }) => {
  const { email } = readDraft(cookies, site)
  const entrance = await api.registration.form({ purpose: 'link' })
  return { email, sent: url.searchParams.has('sent') && email !== '', entrance }
}

export const actions: Actions = {
  default: async ({ request, cookies, locals: { api, site } }) => {
    const form = await request.formData()
    const typed = textOf(form, 'email')
    const answer = await attempt(() => api.registration.sendLink({ email: typed, ...entryOf(form) }))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals), email: typed })
    keepDraft(cookies, { ...readDraft(cookies, site), email: answer.value.email }, site)
    redirect(303, '/register/again?sent')
  },
}
