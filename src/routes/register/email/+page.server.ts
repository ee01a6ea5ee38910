import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { keepDraft, readDraft } from '../draft'
import { entryOf, textOf } from '$lib/server/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ cookies, url, locals: { api, site } }) => {
  const { username, email } = readDraft(cookies, site)
  if (username === '') redirect(303, '/register')
  const sent = email === '' ? null : url.searchParams.get('sent')
  const entrance = await api.registration.form({ purpose: 'start' })
  const opening = await api.registration.opening()
  return { matrixId: `@${username}:${site.domain}`, email, sent, entrance, opening }
}

export const actions: Actions = {
  /** The first mail, the same once more, and one to a corrected address are all the same wish. */
  default: async ({ request, cookies, locals: { api, site } }) => {
    const { username, email: before } = readDraft(cookies, site)
    if (username === '') redirect(303, '/register')
    const form = await request.formData()
    const typed = textOf(form, 'email')
    const answer = await attempt(() => api.registration.start({ username, email: typed, ...entryOf(form) }))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals), email: typed })
    const { email } = answer.value
    keepDraft(cookies, { username: answer.value.username, email }, site)
    redirect(303, email === before ? '/register/email?sent=again' : '/register/email?sent')
  },
}
