import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { textOf } from '$lib/server/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { carriedCode } from './carried'
import { keepDraft, readDraft } from './draft'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ cookies, url, locals: { api, site } }) => ({
  carried: await carriedCode(api, url, cookies, site),
  username: readDraft(cookies, site).username,
  opening: await api.registration.opening(),
})

export const actions: Actions = {
  default: async ({ request, cookies, locals: { api, site } }) => {
    const form = await request.formData()
    const typed = { username: textOf(form, 'username'), invitation: textOf(form, 'invitation') }
    const draft = readDraft(cookies, site)
    const invitation = typed.invitation.trim() === '' ? draft.invitation : typed.invitation
    const name = await attempt(() => api.registration.checkUsername({ username: typed.username }))
    if (!name.ok) return fail(name.status, { problems: problemsOf(name.refusals), ...typed })
    const code = await attempt(() => api.registration.checkInvitation({ invitation }))
    const refusals = [...(name.value.ok ? [] : [name.value.refusal]), ...(code.ok ? [] : code.refusals)]
    const closed = !name.value.ok && name.value.refusal.code === 'registration_closed'
    if (!name.value.ok || !code.ok)
      return fail(closed ? 403 : code.ok ? 400 : code.status, { problems: problemsOf(refusals), ...typed })
    const kept = { username: name.value.username, invitation: code.value.invitation ?? '' }
    keepDraft(cookies, { ...draft, ...kept }, site)
    redirect(303, '/register/email')
  },
}
