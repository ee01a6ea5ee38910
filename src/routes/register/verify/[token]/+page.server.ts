import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import type { Refusal } from '$lib/registration/refusal'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { awaitMail } from '$lib/server/trpc/await-mail'
import { dropDraft, keepsCookies, mailedTo, onWith, readDraft } from '../../draft'
import { sendName, sendRequest } from '../../own-forms'
import { isGoingOn, onBehind, stepOf, withShown } from '../../going-on'
import { passwordRules } from '../../password-rules'
import { turnAway } from '../../turn-away'
import type { Actions, PageServerLoad } from './$types'

/** Viewing changes nothing: mail scanners open links too. */
export const load: PageServerLoad = async ({ params, request, url, locals: { api } }) => {
  const link = await attempt(() => api.verification.look(params))
  if (!link.ok) turnAway(link)
  const { mine, own } = link.value
  const shown = url.searchParams.get('shown')
  if (mine && own !== null && request.method === 'GET')
    redirect(303, own.state === 'verified' ? withShown('/register/account', shown) : '/register/status?used')
  /** The user continued, but no cookie came back: the form is shown here. */
  const cookieless = own !== null && isGoingOn(url)
  const rules = cookieless && own.asksPassword ? await passwordRules(api) : null
  return { ...link.value, cookieless, rules }
}

/** The page itself says what is wrong with its link, and when registration is closed. */
const saysItself = ({ code }: Refusal): boolean => code.startsWith('link_') || code === 'registration_closed'

export const actions: Actions = {
  confirm: async (event) => {
    const { params, request, url, locals } = event
    const shown = textOf(await request.formData(), 'shown')
    const confirmed = await attempt(() => locals.api.verification.confirm({ ...params, shown }))
    if (!confirmed.ok) {
      const { refusal, status } = confirmed
      if (saysItself(refusal)) redirect(303, onBehind(url.pathname))
      if (refusal.code === 'other_registration') redirect(303, onBehind(url.pathname, shown))
      return fail(status, { problem: refusalText(refusal) })
    }
    const goesOn = keepsCookies(event)
    dropDraft(event)
    redirect(303, goesOn ? stepOf(confirmed.value) : onBehind(url.pathname))
  },

  request: async (event) => {
    const sent = await sendRequest(event, event.params.token)
    if (!sent.ok) return fail(sent.status, sent.told)
    redirect(303, `/register/status${sent.value.link === null ? '' : `/${sent.value.link}`}${sent.query}`)
  },

  chooseUsername: async (event) => {
    const sent = await sendName(event, event.params.token)
    if (!sent.ok) return fail(sent.status, sent.told)
    redirect(303, onBehind(event.url.pathname))
  },

  renew: async (event) => {
    const { params, url, locals } = event
    const renewed = await attempt(() => locals.api.verification.renew(params))
    if (!renewed.ok) {
      if (renewed.refusal.code === 'link_spent' || renewed.refusal.code === 'link_broken')
        redirect(303, onBehind(url.pathname))
      turnAway(renewed)
    }
    const { email, mail } = renewed.value
    await awaitMail(event.locals.api, mail)
    redirect(303, onWith(event, '/register/again?sent', mailedTo(readDraft(event), email, mail)))
  },
}
