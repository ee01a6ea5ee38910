import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { carriedCode } from './carried'
import { chosenIn, onWith, readDraft, withoutDraft } from './draft'
import { standingHere } from './standing-here'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async (event) => {
  const { url, locals } = event
  const clean = withoutDraft(event)
  if (clean !== null) redirect(303, clean)
  const carried = await carriedCode(event)
  const { api } = locals
  return {
    carried,
    username: readDraft(event).username,
    opening: await api.registration.opening(),
    ...(await standingHere(event)),
    lost: url.searchParams.has('lost'),
  }
}

export const actions: Actions = {
  default: async (event) => {
    const { request, locals } = event
    const { api } = locals
    const form = await request.formData()
    const typed = { username: textOf(form, 'username'), invitation: textOf(form, 'invitation') }
    const draft = readDraft(event)
    const invitation = typed.invitation.trim() === '' ? draft.invitation : typed.invitation
    const name = await attempt(() => api.registration.checkUsername({ username: typed.username }))
    if (!name.ok) return fail(name.status, { problems: problemsOf(name.refusals), ...typed })
    // Their own registration: this leads to its current step.
    if (!name.value.ok && name.value.refusal.code === 'username_own') redirect(303, '/register/account')
    const code = await attempt(() => api.registration.checkInvitation({ invitation }))
    const refusals = [...(name.value.ok ? [] : [name.value.refusal]), ...(code.ok ? [] : code.refusals)]
    const closed = !name.value.ok && name.value.refusal.code === 'registration_closed'
    if (!name.value.ok || !code.ok)
      return fail(closed ? 403 : code.ok ? 400 : code.status, { problems: problemsOf(refusals), ...typed })
    const chosen = { username: name.value.username, invitation: code.value.invitation ?? '' }
    redirect(303, onWith(event, '/register/email', chosenIn(draft, chosen)))
  },
}
