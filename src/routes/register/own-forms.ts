import { redirect, type RequestEvent } from '@sveltejs/kit'
import { problemsOf } from '$lib/components/problems'
import { refusalText } from '$lib/text/refusal-text'
import type { Refusal } from '$lib/registration/refusal'
import { plainLines } from '$lib/registration/text-length'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { onBehind, stepOf, withShown } from './going-on'

// The forms of one's own registration, the same with the cookie and, with a `token`, behind an email's link. Each
// returns its result, or the page's message (`told`) with an HTTP status.

type Posted = Pick<RequestEvent, 'request' | 'url' | 'locals'>

/** What the page showed, and the link it is behind. */
const asking = (form: FormData, token: string | undefined) => ({ shown: textOf(form, 'shown'), token })

/**
 * If the page itself is outdated, it is reloaded instead of showing the refusal: it says what is wrong with its link,
 * or that it now shows another user.
 */
async function lookAnew(
  { code }: Refusal,
  form: FormData,
  { url: { pathname }, locals: { api } }: Pick<Posted, 'url' | 'locals'>,
  token: string | undefined,
): Promise<void> {
  const isOther = code === 'other_registration'
  if (!isOther && !code.startsWith('link_')) return
  const shown = isOther ? textOf(form, 'shown') : null
  if (token !== undefined) redirect(303, onBehind(pathname, shown))
  const own = await api.registration.current()
  redirect(303, withShown(own === null ? pathname : stepOf(own), shown))
}

const isNameGone = ({ code }: Refusal) => code === 'username_lost' || code === 'username_taken'

/** Of the status page, which says that it was sent before, and that the first words and password count. */
const EARLIER = '?earlier'

/** Password, reason, and everything with them. `query`: of the status page. */
export async function sendRequest(event: Posted, token?: string) {
  const { api } = event.locals
  const form = await event.request.formData()
  const typed = {
    reason: textOf(form, 'reason'),
    legal: form.has('legal'),
    invitation: textOf(form, 'invitation'),
  }
  const wish = { ...asking(form, token), ...typed, password: textOf(form, 'password') }
  const answer = await attempt(() => api.registration.request(wish))
  if (answer.ok)
    return {
      ...answer,
      query: answer.value.repeated || answer.value.reason !== plainLines(typed.reason) ? EARLIER : '',
    }
  await lookAnew(answer.refusal, form, event, token)
  const told = {
    ...typed,
    problems: problemsOf(answer.refusals),
    outage: answer.refusal.code === 'homeserver_unavailable',
    nameLost: isNameGone(answer.refusal),
  }
  return { ok: false as const, status: answer.status, told }
}

/** Another username in place of a lost one. */
export async function sendName(event: Posted, token?: string) {
  const { api } = event.locals
  const form = await event.request.formData()
  const username = textOf(form, 'username')
  const answer = await attempt(() => api.registration.chooseUsername({ ...asking(form, token), username }))
  if (answer.ok) return answer
  await lookAnew(answer.refusal, form, event, token)
  return {
    ok: false as const,
    status: answer.status,
    told: { username, problems: problemsOf(answer.refusals) },
  }
}

/** The password set after the approval, and the documents where they are accepted with it. `query`: as above. */
export async function sendPassword(event: Posted, token?: string) {
  const { api } = event.locals
  const form = await event.request.formData()
  const legal = form.has('legal')
  const wish = { ...asking(form, token), password: textOf(form, 'password'), legal }
  const answer = await attempt(() => api.registration.setPassword(wish))
  if (answer.ok) return { ...answer, query: answer.value.repeated ? EARLIER : '' }
  await lookAnew(answer.refusal, form, event, token)
  const told = { legal, problems: problemsOf(answer.refusals), nameLost: isNameGone(answer.refusal) }
  return { ok: false as const, status: answer.status, told }
}

/** The answer to a moderators' question. */
export async function sendAnswer(event: Posted, token?: string) {
  const { api } = event.locals
  const form = await event.request.formData()
  const typed = textOf(form, 'text')
  const answer = await attempt(() => api.registration.answer({ ...asking(form, token), text: typed }))
  if (answer.ok) return answer
  await lookAnew(answer.refusal, form, event, token)
  const told = { answer: { typed, problem: refusalText(answer.refusal) } }
  return { ok: false as const, status: answer.status, told }
}

/** Withdraws the registration. */
export async function sendWithdrawal(event: Posted, token?: string) {
  const { api } = event.locals
  const form = await event.request.formData()
  const answer = await attempt(() => api.registration.withdraw(asking(form, token)))
  if (answer.ok) return answer
  await lookAnew(answer.refusal, form, event, token)
  return { ok: false as const, status: answer.status, told: { problems: problemsOf(answer.refusals) } }
}
