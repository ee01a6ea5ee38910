import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { keepDraft, readDraft } from './draft'
import { textOf } from '$lib/server/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ cookies, locals: { api, site } }) => ({
  username: readDraft(cookies, site).username,
  opening: await api.registration.opening(),
})

export const actions: Actions = {
  default: async ({ request, cookies, locals: { api, site } }) => {
    const typed = textOf(await request.formData(), 'username')
    const answer = await attempt(() => api.registration.checkUsername({ username: typed }))
    if (!answer.ok) return fail(answer.status, { problems: problemsOf(answer.refusals), username: typed })
    const checked = answer.value
    if (!checked.ok) {
      const status = checked.refusal.code === 'registration_closed' ? 403 : 400
      return fail(status, { problems: problemsOf([checked.refusal]), username: typed })
    }
    keepDraft(cookies, { ...readDraft(cookies, site), username: checked.username }, site)
    redirect(303, '/register/email')
  },
}
