import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { attempt } from '$lib/server/trpc/attempt'
import { awaitMail } from '$lib/server/trpc/await-mail'
import { standingOf } from '../asked-mail'
import { mailedTo, onWith, readDraft, withoutDraft } from '../draft'
import { entryOf, textOf } from '$lib/server/http/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async (event) => {
  const clean = withoutDraft(event)
  if (clean !== null) redirect(303, clean)
  const { email, mail } = readDraft(event)
  const entrance = await event.locals.api.registration.form({ purpose: 'link' })
  const mailStanding = await standingOf(event.locals.api, mail)
  return { email, sent: event.url.searchParams.has('sent') && email !== '', mailStanding, entrance }
}

export const actions: Actions = {
  default: async (event) => {
    const { api } = event.locals
    const form = await event.request.formData()
    const typed = textOf(form, 'email')
    const entry = entryOf(form)
    const answer = await attempt(() => api.registration.sendLink({ email: typed, ...entry }))
    if (!answer.ok) {
      const entrance = await api.registration.form({ purpose: 'link', proof: entry.proof })
      return fail(answer.status, { problems: problemsOf(answer.refusals), email: typed, entrance })
    }
    const { email, mail } = answer.value
    await awaitMail(api, mail)
    redirect(303, onWith(event, '/register/again?sent', mailedTo(readDraft(event), email, mail)))
  },
}
