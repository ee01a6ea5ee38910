import { fail, redirect } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { m } from '$lib/paraglide/messages'
import { attempt } from '$lib/server/trpc/attempt'
import { awaitMail } from '$lib/server/trpc/await-mail'
import { standingOf } from '../asked-mail'
import { isAboutCode } from '../carried'
import { chosenIn, dropDraft, formPath, keepDraft, onWith, readDraft, withoutDraft } from '../draft'
import { entryOf, textOf } from '$lib/server/http/form-fields'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async (event) => {
  const { url, locals } = event
  const { api, site } = locals
  const clean = withoutDraft(event)
  if (clean !== null) redirect(303, clean)
  const { username, email, invitation, mail } = readDraft(event)
  if (username === '') redirect(303, '/register?lost')
  if (invitation === '' && site.invitations === 'required') redirect(303, '/register')
  const sent = email === '' ? null : url.searchParams.get('sent')
  const entrance = await api.registration.form({ purpose: 'start' })
  const opening = await api.registration.opening()
  const mailStanding = await standingOf(api, mail)
  return {
    chosen: { username, invitation },
    forms: {
      first: formPath(event, '/register/email'),
      again: formPath(event, '/register/email?sent=again'),
      corrected: formPath(event, '/register/email?sent'),
    },
    matrixId: `@${username}:${site.domain}`,
    email,
    sent,
    mailStanding,
    entrance,
    opening,
    invited: invitation !== '',
  }
}

export const actions: Actions = {
  /**
   * The first email, a repeat, and one to a corrected address are all the same request, for the username that the
   * page showed.
   */
  default: async (event) => {
    const { request, url, locals } = event
    const { api, site } = locals
    const form = await request.formData()
    const typed = textOf(form, 'email')
    const before = readDraft(event)
    const username = textOf(form, 'chosen')
    const entry = entryOf(form)
    /** What was typed stays, so the next press may follow at once. */
    const filledIn = async () => ({
      email: typed,
      entrance: await api.registration.form({ purpose: 'start', proof: entry.proof }),
    })
    if (username === '')
      return fail(400, { problems: { fields: {}, form: m.email_unnamed() }, ...(await filledIn()) })
    const chosen = { username, invitation: textOf(form, 'invitation') }
    const draft = chosenIn(before, chosen)
    const wish = { username, email: typed, invitation: draft.invitation, ...entry }
    const answer = await attempt(() => api.registration.start(wish))
    if (!answer.ok) {
      // Another tab, or the email's link, was faster: this leads to the current step.
      if (answer.refusal.code === 'username_own') {
        dropDraft(event)
        redirect(303, '/register/account')
      }
      // If no code is needed, pressing the same button again continues without it.
      if (site.invitations === 'optional' && answer.refusals.some(isAboutCode)) chosen.invitation = ''
      keepDraft(event, { ...draft, ...chosen })
      // An email was requested for it here, so that its link may have been opened elsewhere.
      const maybeOwn = draft.email !== '' && answer.refusals.some(({ code }) => code === 'username_taken')
      const problems = problemsOf(answer.refusals)
      return fail(answer.status, { problems, maybeOwn, chosen, ...(await filledIn()) })
    }
    const { email, mail } = answer.value
    await awaitMail(api, mail)
    const again = email === draft.email || url.searchParams.get('sent') === 'again'
    const path = again ? '/register/email?sent=again' : '/register/email?sent'
    const next = { ...draft, username: answer.value.username, email, mail: mail ?? '' }
    redirect(303, onWith(event, path, next))
  },
}
