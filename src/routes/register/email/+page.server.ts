import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { isAboutCode } from '../carried'
import { keepDraft, readDraft } from '../draft'
import { entryOf, textOf } from '$lib/server/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ cookies, url, locals: { api, site } }) => {
  const { username, email, invitation } = readDraft(cookies, site)
  if (username === '' || (invitation === '' && site.invitations === 'required')) redirect(303, '/register')
  const sent = email === '' ? null : url.searchParams.get('sent')
  const entrance = await api.registration.form({ purpose: 'start' })
  const opening = await api.registration.opening()
  return {
    matrixId: `@${username}:${site.domain}`,
    email,
    sent,
    entrance,
    opening,
    invited: invitation !== '',
  }
}

export const actions: Actions = {
  /** The first mail, the same once more, and one to a corrected address are all the same wish. */
  default: async ({ request, cookies, locals: { api, site } }) => {
    const draft = readDraft(cookies, site)
    const { username, email: before, invitation } = draft
    if (username === '') redirect(303, '/register')
    const form = await request.formData()
    const typed = textOf(form, 'email')
    const wish = { username, email: typed, invitation, ...entryOf(form) }
    const answer = await attempt(() => api.registration.start(wish))
    if (!answer.ok) {
      // Where nobody needs one, the same press once more goes on without the code.
      if (site.invitations === 'optional' && answer.refusals.some(isAboutCode))
        keepDraft(cookies, { ...draft, invitation: '' }, site)
      return fail(answer.status, { problems: problemsOf(answer.refusals), email: typed })
    }
    const { email } = answer.value
    keepDraft(cookies, { username: answer.value.username, email, invitation }, site)
    redirect(303, email === before ? '/register/email?sent=again' : '/register/email?sent')
  },
}
