import { redirect, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import type { Refusal } from '$lib/registration/refusal'
import { attempt } from '$lib/server/trpc/attempt'
import { keepDraft, onWith, readDraft } from './draft'
import { turnAway } from './turn-away'

/** Whether a refusal is about the invitation rather than the rest of the form. */
export const isAboutCode = ({ code }: Refusal): boolean =>
  code.startsWith('invitation_') || code === 'too_many_codes'

/** What the first page shows of a carried invitation: whether it is valid, or the code and why not. */
export interface Carried {
  invited: boolean
  code: string
  problem: string | null
}

/**
 * Checks the code of the link (`/register?code=…`), or the one carried since. A valid one is kept and removed from
 * the address bar; an invalid one is dropped.
 */
export async function carriedCode(asked: Pick<RequestEvent, 'cookies' | 'url' | 'locals'>): Promise<Carried> {
  const { url } = asked
  const { api } = asked.locals
  const linked = url.searchParams.get('code')?.slice(0, 200) ?? null
  const draft = readDraft(asked)
  const invitation = linked ?? draft.invitation
  if (invitation.trim() === '') return { invited: false, code: '', problem: null }
  const checked = await attempt(() => api.registration.checkInvitation({ invitation }))
  if (checked.ok) {
    if (linked === null) return { invited: checked.value.invitation !== null, code: '', problem: null }
    redirect(303, onWith(asked, url.pathname, { ...draft, invitation: checked.value.invitation ?? '' }))
  }
  const tooMany = checked.refusal.code === 'too_many_codes'
  if (!isAboutCode(checked.refusal) || (tooMany && linked !== null)) turnAway(checked)
  keepDraft(asked, { ...draft, invitation: '' })
  return { invited: false, code: invitation, problem: refusalText(checked.refusal) }
}
